// What an attack on the sandbox is: a hostile program, the row of the threat model it belongs to, and its right end.

/** A row of the threat model. */
export type Threat = (typeof THREATS)[number]['id'];

/** How a run ends: well, or with the code of its error. Test utilities know no sandbox, so codes are plain text here. */
export type AttackOutcome = 'ok' | (string & {});

/** One hostile program. */
export interface Attack {
  readonly threat: Threat;
  /** Unique, a few words. */
  readonly name: string;
  /** One line for the documentation: what the program does. */
  readonly about: string;
  readonly code: string;
  /** @default javascript */
  readonly language?: 'javascript' | 'typescript';
  readonly input?: unknown;
  /** @default that of the sandbox */
  readonly timeoutMs?: number;
  /** @default that of the sandbox */
  readonly memoryMb?: number;
  /** Whether it needs `attackedHost()` as its host. @default false */
  readonly usesHost?: boolean;
  /** The right end, or all that are right. */
  readonly outcome: AttackOutcome | readonly AttackOutcome[];
  /** Whether it has to be ended from outside; absent where either is right. */
  readonly killed?: boolean;
  /** What the program has to give when it ends well. */
  readonly result?: unknown;
  /** What its logs must hold when it ends well: lines kept at most, and whether some were dropped. */
  readonly logs?: { readonly maxLines: number; readonly areDropped: boolean };
}

/** The threat model: every row, and what is promised of it. */
export const THREATS = [
  { id: 'T1', about: 'prototype pollution through arguments of host functions' },
  { id: 'T2', about: 'built-ins patched before the result is written' },
  { id: 'T3', about: 'endless chains of promises' },
  { id: 'T4', about: 'an interruption swallowed by a promise' },
  { id: 'T5', about: 'an interruption swallowed by finally, catch or a generator' },
  { id: 'T6', about: 'endless loops inside the engine, where no interruption reaches' },
  { id: 'T7', about: 'expressions that backtrack' },
  { id: 'T8', about: 'memory bombs' },
  { id: 'T9', about: 'a full memory that spoils later runs' },
  { id: 'T10', about: 'recursion without end' },
  { id: 'T11', about: 'results that grow when they are written' },
  { id: 'T12', about: 'getters, proxies and toJSON that act while the result is written' },
  { id: 'T13', about: 'values that JSON lacks' },
  { id: 'T14', about: 'floods of log lines' },
  { id: 'T15', about: 'log lines that forge other output' },
  { id: 'T16', about: 'what runs leave behind in the host' },
  { id: 'T17', about: 'floods of host calls, and calls that never end' },
  { id: 'T18', about: 'the inside of the host in its errors' },
  { id: 'T19', about: 'authority that is lying around' },
  { id: 'T20', about: 'code made from text' },
  { id: 'T21', about: 'what one run leaves for the next' },
  { id: 'T22', about: 'clocks and shared memory for side channels' },
  { id: 'T23', about: 'stuck programs that starve honest ones' },
  { id: 'T24', about: 'limits that the model asks for' },
  { id: 'T25', about: 'sources that break what reads them' },
  { id: 'T26', about: 'ways around static analysis' },
  { id: 'T27', about: 'abuse of the files' },
  { id: 'T28', about: 'a kill in the middle of a write' },
  { id: 'T29', about: 'an engine that crashes' },
  { id: 'T30', about: 'errors that forge those of the sandbox' },
  { id: 'T31', about: 'stored text that means harm' },
  { id: 'T32', about: 'limits that are off and nobody notices' },
] as const;
