// What must be stored of each task, by what its process was told: the model that the store is compared with. Pure.
import type { Entry, Intent, OutcomeKind } from './ledger.ts';

/** The state of one task; `gone` before it is created and once it is forgotten. */
export interface TaskState {
  readonly is: 'gone' | 'open' | 'completed';
  readonly keys: readonly string[];
  readonly tags: readonly string[];
  readonly outcome?: OutcomeKind;
}

/** What is known of a task. */
export interface Task {
  readonly name: string;
  readonly episodeId?: string;
  readonly state: TaskState;
  /** A call that had begun and of which nobody heard: it took effect or it did not. */
  readonly doubt?: Intent;
  readonly stepNumbers: ReadonlyMap<string, number>;
}

export const GONE: TaskState = { is: 'gone', keys: [], tags: [] };

/** The state behind a call that took effect. */
export function after(state: TaskState, intent: Intent): TaskState {
  switch (intent.verb) {
    case 'create':
      return { is: 'open', keys: [], tags: [] };
    case 'steps':
      return { ...state, keys: [...state.keys, ...intent.keys.filter((key) => !state.keys.includes(key))] };
    case 'complete':
      return { ...state, is: 'completed', outcome: intent.outcome };
    case 'tag':
      return { ...state, tags: [...new Set([...state.tags, intent.tag])].sort() };
    case 'forget':
      return GONE;
  }
}

/** The states that may be found: one, or two while there is a doubt. */
export function possibleStates({ state, doubt }: Task): readonly TaskState[] {
  return doubt === undefined ? [state] : [state, after(state, doubt)];
}

/** `known` and what one more ledger tells. Each task belongs to one ledger at a time, and has one call at a time. */
export function withEntries(known: ReadonlyMap<string, Task>, entries: readonly Entry[]): ReadonlyMap<string, Task> {
  const tasks = new Map(known);
  const intents = new Map<number, Intent>();
  for (const entry of entries) {
    if (entry.is === 'begun') {
      intents.set(entry.call, entry.intent);
      const task = tasks.get(entry.intent.task) ?? { name: entry.intent.task, state: GONE, stepNumbers: new Map() };
      tasks.set(task.name, { ...task, doubt: entry.intent });
    }
    if (entry.is !== 'done') continue;
    const intent = intents.get(entry.call);
    const task = intent && tasks.get(intent.task);
    if (intent === undefined || task === undefined) throw new Error(`Call ${entry.call} ended and had not begun.`);
    tasks.set(task.name, acknowledged(task, intent, entry));
  }
  return tasks;
}

function acknowledged(task: Task, intent: Intent, entry: Entry & { readonly is: 'done' }): Task {
  const { doubt: _doubt, ...settled } = task;
  const keys = intent.verb === 'steps' ? intent.keys : [];
  const numbers = keys.map((key, index): [string, number] => [key, entry.stepNumbers?.[index] ?? 0]);
  return {
    ...settled,
    ...(entry.episodeId === undefined ? {} : { episodeId: entry.episodeId }),
    state: after(task.state, intent),
    stepNumbers: new Map([...task.stepNumbers, ...numbers]),
  };
}
