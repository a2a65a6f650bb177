// What can go wrong between a client and a libSQL server: one thing for each question.

/**
 * `none`; `refuse`: the connection ends before the question is read; `reset`: it breaks in the middle of the answer;
 * `truncate`: the answer is the first half, in good order; `lost`: it ends without an answer; `hang`: the question is
 * read, and nothing comes of it; `late`: it is read at once and done half a second later; `drip`: the answer comes by a
 * byte every 100 ms; a status: the server says so. What was asked is done with `reset`, `truncate`, `lost`, `late` and
 * `drip`; with `refuse`, `hang` and the statuses it is not.
 */
export const WIRE_FAULTS = [
  'none',
  'refuse',
  'reset',
  'truncate',
  'lost',
  'hang',
  'late',
  'drip',
  '401',
  '429',
  '500',
  '503',
] as const;
export type WireFault = (typeof WIRE_FAULTS)[number];

/** What happens to each question; the first one is 1. */
export type WireFaults = (question: number) => WireFault;

/** Faults as data, for a server in another process. */
export interface FaultPlan {
  /** The part of all questions that something happens to, from 0 to 1. */
  readonly share: number;
  /** What may happen to them, each as likely as the others. */
  readonly kinds: readonly WireFault[];
  readonly seed: number;
}

export const noFaults: WireFaults = () => 'none';

/** The same faults for the same plan. */
export function plannedFaults({ share, kinds, seed }: FaultPlan): WireFaults {
  return (question) => {
    if (chance(seed, question, 1) >= share) return 'none';
    return kinds[Math.floor(chance(seed, question, 2) * kinds.length)] ?? 'none';
  };
}

/** What the answer of a server says where it is not about SQL, by HTTP status. */
export const STATUS_ERRORS: Readonly<Partial<Record<WireFault, { readonly message: string; readonly code: string }>>> =
  {
    '401': { message: 'Unauthorized', code: 'AUTH_JWT_INVALID' },
    '429': { message: 'Too many requests', code: 'SERVER_ERROR' },
    '500': { message: 'Internal server error', code: 'SERVER_ERROR' },
    '503': { message: 'Service unavailable', code: 'SERVER_ERROR' },
  };

/** How much later `late` is. */
export const LATE_MS = 500;
/** Between two bytes of `drip`. */
export const DRIP_MS = 100;

/** 0 ≤ n < 1 that depends on the three numbers alone (the mixing of MurmurHash3, Appleby 2011). */
function chance(...numbers: readonly number[]): number {
  let hash = 0;
  for (const number of numbers) {
    hash = Math.imul(hash ^ number, 0x85ebca6b) + 0x9e3779b9;
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}
