// Filters that callers hand in, checked once, at the edge, and brought into the form in which things are stored. Without
// zod: a program that only reads would load it for this alone, which takes as long as all of its reading.
import { OUTCOME_KINDS, TASK_TYPES } from './episode.ts';
import { type InputIssue, refusedInput } from './errors.ts';
import { defined } from './json.ts';
import { LIMITS } from './limits.ts';
import type { EpisodeFilter, StepFilter } from './ports/store.ts';
import { normaliseTag, tagProblem } from './tag.ts';

/**
 * Tags clean, times in UTC.
 * @throws `INVALID_INPUT` that names every field at fault, `LIMIT_EXCEEDED` past 32 tags or 10,000 ids
 */
export function checkedFilter(filter: EpisodeFilter): EpisodeFilter {
  const clean = checked(filter, EPISODE_FILTER);
  const { tagsAll, tagsAny, since, until, after, visibleTo } = clean;
  return defined({
    ...clean,
    tagsAll: tagsAll?.map(normaliseTag),
    tagsAny: tagsAny?.map(normaliseTag),
    since: since && inUtc(since),
    until: until && inUtc(until),
    after: after && { startedAt: inUtc(after.startedAt), id: after.id },
    visibleTo: visibleTo && defined(visibleTo),
  });
}

/** @throws `INVALID_INPUT` that names every field at fault, `LIMIT_EXCEEDED` past 10,000 ids */
export function checkedStepFilter(filter: StepFilter): StepFilter {
  return checked(filter, STEP_FILTER);
}

/** What is wrong with a value, each with its place below it; nothing where it is right. */
type Check = (value: unknown) => readonly Fault[];

interface Fault extends InputIssue {
  /** There is too much of it, and it is right otherwise. */
  readonly isLimit?: true;
}

/** A check for each field that callers may give. */
type Checks<T> = { readonly [K in keyof T]?: Check };

/** Ids in one filter. */
const MAX_IDS = 10_000;

const STEP_FILTER: Checks<StepFilter> = {
  episodeIds: listOf(aText, MAX_IDS),
  key: aName,
  afterNumber: aWholeNumber,
};

const EPISODE_FILTER: Checks<EpisodeFilter> = {
  ids: listOf(aText, MAX_IDS),
  idPrefix: (value) => or(aText(value), /^[0-9a-f-]{1,36}$/u.test(String(value)), 'is no beginning of an id'),
  project: aName,
  visibleTo: fieldsOf({ project: aName }),
  domain: aName,
  taskType: oneOf(TASK_TYPES),
  status: oneOf(['open', 'completed']),
  outcome: oneOf(OUTCOME_KINDS),
  tagsAll: listOf(aTag, LIMITS.tags),
  tagsAny: listOf(aTag, LIMITS.tags),
  since: aTime,
  until: aTime,
  minReward: aShare,
  maxReward: aShare,
  agent: aName,
  session: aName,
  capturedFrom: aName,
  minConfidence: aShare,
  learningPending: (value) => kindFaults(value, 'boolean'),
  order: oneOf(['oldest', 'newest']),
  after: anEnd,
  limit: aWholeNumber,
};

function checked<T extends object>(given: T, checks: Checks<T>): T {
  const faults = fieldsOf(checks)(given);
  if (faults.length === 0) return defined(given) as T;
  const isOnlySize = faults.every(({ isLimit }) => isLimit);
  throw refusedInput(
    faults.map(({ path, problem }) => ({ path: path || 'filter', problem })),
    { code: isOnlySize ? 'LIMIT_EXCEEDED' : 'INVALID_INPUT' },
  );
}

/** An object with these fields and no others; one that is `undefined` is absent. */
function fieldsOf(checks: Readonly<Record<string, Check | undefined>>): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return kindFaults(value, 'object');
    const strange = Object.keys(value).filter((field) => !Object.hasOwn(checks, field));
    const unknown = strange.map((field) => `"${field}"`).join(', ');
    const own = Object.entries(value).filter(([field, part]) => part !== undefined && !strange.includes(field));
    return [
      ...own.flatMap(([field, part]) => below(field, checks[field]?.(part) ?? [])),
      ...or([], strange.length === 0, `${unknown} does not belong here; leave it out`),
    ];
  };
}

function below(field: string | number, faults: readonly Fault[]): readonly Fault[] {
  return faults.map((fault) => ({ ...fault, path: fault.path === '' ? String(field) : `${field}.${fault.path}` }));
}

/** A whole episode is one, too. */
function anEnd(value: unknown): readonly Fault[] {
  if (typeof value !== 'object' || value === null) return kindFaults(value, 'object');
  return [
    ...below('startedAt', aTime(Reflect.get(value, 'startedAt'))),
    ...below('id', aText(Reflect.get(value, 'id'))),
  ];
}

function listOf(check: Check, maxItems: number): Check {
  return (value) => {
    if (!Array.isArray(value)) return kindFaults(value, 'array');
    const items = value.flatMap((item, index) => below(index, check(item)));
    if (value.length <= maxItems) return items;
    return [...items, { path: '', problem: `has more than ${maxItems} entries; split it`, isLimit: true }];
  };
}

function oneOf(choices: readonly string[]): Check {
  return (value) => or([], typeof value === 'string' && choices.includes(value), `is none of ${choices.join(', ')}`);
}

function aText(value: unknown): readonly Fault[] {
  return kindFaults(value, 'string');
}

function aName(value: unknown): readonly Fault[] {
  if (typeof value !== 'string') return kindFaults(value, 'string');
  const isTooLong = Buffer.byteLength(value) > LIMITS.nameBytes;
  return [
    ...or([], !value.includes('\0'), 'holds a NUL character; leave it out'),
    ...or([], value.trim() !== '', 'is empty; say what it is'),
    ...(isTooLong
      ? [{ path: '', problem: `is longer than ${LIMITS.nameBytes} bytes; shorten it`, isLimit: true } as const]
      : []),
  ];
}

function aTag(value: unknown): readonly Fault[] {
  if (typeof value !== 'string') return kindFaults(value, 'string');
  const problem = tagProblem(value);
  return or([], problem === undefined, problem ?? '');
}

function aShare(value: unknown): readonly Fault[] {
  return or(kindFaults(value, 'number'), Number(value) >= 0 && Number(value) <= 1, 'is not between 0 and 1');
}

function aWholeNumber(value: unknown): readonly Fault[] {
  const isCount = Number.isSafeInteger(value) && Number(value) >= 0;
  return or(kindFaults(value, 'number'), isCount, 'is no whole number of 0 or more');
}

function aTime(value: unknown): readonly Fault[] {
  if (typeof value !== 'string') return kindFaults(value, 'string');
  if (!isTime(value)) return or([], false, 'is no ISO time with its zone, such as 2026-01-31T12:00:00Z');
  return or([], /^\d{4}-/u.test(inUtc(value)), 'lies outside of the years 0000 to 9999');
}

const TIME = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u;

/** Of a day that there is: `Date` counts the 31st of February on into March. */
function isTime(value: string): boolean {
  const day = TIME.exec(value)?.[1];
  const midnight = new Date(`${day}T00:00:00Z`);
  return day !== undefined && !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

function inUtc(time: string): string {
  return new Date(time).toISOString();
}

function kindFaults(value: unknown, kind: 'string' | 'number' | 'boolean' | 'object' | 'array'): readonly Fault[] {
  const article = /^[aeiou]/u.test(kind) ? 'an' : 'a';
  // Of lists and objects, whoever asks has found that they are none.
  const isRight = typeof value === kind && kind !== 'object' && !Number.isNaN(value);
  return or([], isRight, `is missing or of another kind; give ${article} ${kind}`);
}

/** These faults; where there are none, that it is not right, if so. */
function or(faults: readonly Fault[], isRight: boolean, problem: string): readonly Fault[] {
  return faults.length > 0 || isRight ? faults : [{ path: '', problem }];
}
