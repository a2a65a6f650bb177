// The store of reference: the laws of `MemoryStore` in the plainest code that keeps them. Nothing here is durable.
import { type EmbeddedKind, embeddedTexts, textHash } from '../embedding.ts';
import { alreadyCompleted, episodeNotFound } from '../episode.ts';
import { assertNever, MemoryError, throwIfAborted } from '../errors.ts';
import type { PatternEvidence } from '../pattern.ts';
import type { Clock } from '../ports/runtime.ts';
import type {
  CallOptions,
  Changes,
  DatedReads,
  Delete,
  Entities,
  Filters,
  IndexedKind,
  IndexTerms,
  JournalEntry,
  Kind,
  MemoryStore,
  Put,
  Require,
  TextIndex,
  TextMatches,
  TextQuery,
  Write,
} from '../ports/store.ts';
import {
  compareEpisodes,
  compareEvidence,
  compareSteps,
  compareText,
  matchesCluster,
  matchesEmbedding,
  matchesEpisode,
  matchesEvidence,
  matchesPattern,
  matchesStep,
} from './filters.ts';
import { matchText } from './in-memory-text.ts';
import {
  evidenceTaken,
  ownerNotFound,
  stepCountConflict,
  stepTaken,
  tooManyBytes,
  tooManySteps,
  versionConflict,
} from './refusals.ts';

/** What a test may want to decide. */
export interface InMemoryStoreOptions {
  /** Times of the journal. @default Date.now */
  readonly now?: Clock;
}

/** A store that lives as long as its process: for tests, and as the model that other stores are compared with. */
export function inMemoryStore(
  options: InMemoryStoreOptions = {},
): MemoryStore & { readonly text: TextIndex; readonly dated: Required<DatedReads> } {
  const now = options.now ?? Date.now;
  const tables = emptyTables();
  const evidenceOf: EvidenceOf = new Map();
  const journal: JournalEntry[] = [];
  let isClosed = false;

  function enter(call: CallOptions | undefined): void {
    if (isClosed) throw new MemoryError('CLOSED', 'The in-memory store is closed; open another.');
    throwIfAborted(call?.signal);
  }

  return {
    name: 'memory',

    async getMany(kind, ids, call) {
      enter(call);
      return valuesIn(tables[kind], ids);
    },

    async *scan<K extends Kind>(kind: K, filter: Filters[K], call?: CallOptions) {
      enter(call);
      for (const held of select(tables, kind, filter)) {
        enter(call);
        yield copyOf(held);
      }
    },

    async write(batch, call) {
      enter(call);
      const stepNumbers = allOrNothing({ tables, evidenceOf }, (draft) =>
        batch.flatMap((write) => perform(draft, write)),
      );
      const common = { at: new Date(now()).toISOString(), actor: call?.actor ?? 'library' };
      for (const write of batch) {
        if (write.op === 'require') continue;
        const id = write.op === 'put' ? write.value.id : write.id;
        journal.push({ ...common, seq: journal.length + 1, kind: write.kind, id, op: write.op });
      }
      return { seq: journal.length, stepNumbers };
    },

    async changes(since, call) {
      enter(call);
      return entriesIn(journal, since, call?.limit);
    },

    text: textIn(tables, enter),

    dated: {
      async getMany({ kind, ids, since, limit }, call) {
        enter(call);
        const changes = entriesIn(journal, since, limit);
        return { answer: valuesIn(tables[kind], ids), changes, newest: journal.at(-1) };
      },
      async match(query, call) {
        enter(call);
        return { answer: matchesIn(tables, query), newest: journal.at(-1) };
      },
    },

    async close() {
      isClosed = true;
    },
  };
}

function textIn(tables: Tables, enter: (call: CallOptions | undefined) => void): TextIndex {
  return {
    async match(query, call) {
      enter(call);
      return matchesIn(tables, query);
    },
    async terms(kind, ids, call) {
      enter(call);
      return ids.map((id) => copyOfTerms(tables[kind].get(id)?.terms));
    },
  };
}

/** An entity as it is kept. The text is the truth; `value` saves parsing it for every filter. */
export interface Held<K extends Kind> {
  readonly value: Entities[K];
  readonly json: string;
  readonly terms: IndexTerms;
}

type Tables = { readonly [K in Kind]: Map<string, Held<K>> };
/** Ids of the evidence from each episode: there may be too much to look through all of it for each. */
type EvidenceOf = Map<string, Set<string>>;

function emptyTables(): Tables {
  return {
    episode: new Map(),
    step: new Map(),
    pattern: new Map(),
    evidence: new Map(),
    baseline: new Map(),
    cluster: new Map(),
    recommendation: new Map(),
    tombstone: new Map(),
    embedding: new Map(),
    model: new Map(),
  };
}

function hold<K extends Kind>(value: Entities[K], terms: IndexTerms = { title: [], body: [] }): Held<K> {
  // JSON has no vectors of bytes.
  const json = JSON.stringify('vectors' in value ? { ...value, vectors: [] } : value);
  return { value: copied(value, json), json, terms };
}

function copyOf<K extends Kind>({ value, json }: Held<K>): Entities[K] {
  return copied(value, json);
}

function copied<K extends Kind>(value: Entities[K], json: string): Entities[K] {
  const copy = JSON.parse(json);
  return 'vectors' in value ? { ...copy, vectors: value.vectors.map((vector) => vector.slice()) } : copy;
}

function copyOfTerms(terms: IndexTerms | undefined): IndexTerms | undefined {
  return terms && { title: [...terms.title], body: [...terms.body] };
}

function valuesIn<K extends Kind>(
  table: ReadonlyMap<string, Held<K>>,
  ids: readonly string[],
): readonly (Entities[K] | undefined)[] {
  return ids.map((id) => {
    const held = table.get(id);
    return held && copyOf(held);
  });
}

function entriesIn(journal: readonly JournalEntry[], since: number, limit = 1_000): Changes {
  const first = Math.max(0, since);
  return { entries: journal.slice(first, first + limit).map((entry) => ({ ...entry })), seq: journal.length };
}

function matchesIn<K extends IndexedKind>(tables: Tables, query: TextQuery<K>): TextMatches {
  return matchText([...tables[query.kind].values()], query, matcherIn(tables, query.kind, query.filter));
}

// Reading: what a scan of each kind lets through, in which order, and how much of it.

interface Rules<K extends Kind> {
  matches(value: Entities[K], filter: Filters[K]): boolean;
  /** Narrows to the part that was asked for, of what matches. */
  page(values: readonly Held<K>[], filter: Filters[K]): readonly Held<K>[];
}

const byId = <K extends Kind>(values: readonly Held<K>[]): readonly Held<K>[] =>
  values.toSorted((a, b) => compareText(a.value.id, b.value.id));

const RULES: { readonly [K in Kind]: Rules<K> } = {
  episode: {
    matches: matchesEpisode,
    page(values, { order, after, limit }) {
      const compare = compareEpisodes(order);
      return values
        .filter(({ value }) => after === undefined || compare(value, after) > 0)
        .sort((a, b) => compare(a.value, b.value))
        .slice(0, limit);
    },
  },
  step: { matches: matchesStep, page: (values) => values.toSorted((a, b) => compareSteps(a.value, b.value)) },
  pattern: { matches: matchesPattern, page: byId },
  evidence: {
    matches: matchesEvidence,
    page: (values) => values.toSorted((a, b) => compareEvidence(a.value, b.value)),
  },
  baseline: { matches: () => true, page: byId },
  cluster: { matches: matchesCluster, page: byId },
  recommendation: { matches: () => true, page: byId },
  tombstone: { matches: () => true, page: byId },
  embedding: { matches: matchesEmbedding, page: byId },
  model: { matches: () => true, page: byId },
};

function select<K extends Kind>(tables: Tables, kind: K, filter: Filters[K]): readonly Held<K>[] {
  const matches = matcherIn(tables, kind, filter);
  const matching = [...tables[kind].values()].filter(({ value }) => matches(value, filter));
  return RULES[kind].page(matching, filter);
}

/** The rules of the kind, and what only the other tables know. */
function matcherIn<K extends Kind>(tables: Tables, kind: K, filter: Filters[K] | undefined): Rules<K>['matches'] {
  const { matches } = RULES[kind];
  if (filter === undefined || !('embeddingDue' in filter) || filter.embeddingDue === undefined) return matches;
  const model = filter.embeddingDue;
  const current = new Set(
    [...tables.embedding.values()].flatMap(({ value }) =>
      value.ownerKind === kind && value.model === model ? [textKey(value.ownerId, value.textHash)] : [],
    ),
  );
  return (value, asked) => {
    if (!matches(value, asked)) return false;
    // Nothing else has such a filter.
    const owner = value as Entities[EmbeddedKind];
    return !current.has(textKey(owner.id, textHash(embeddedTexts(owner))));
  };
}

function textKey(ownerId: string, hash: string): string {
  return `${ownerId} ${hash}`;
}

// Writing: each operation on a draft, which can take everything back.

interface Draft {
  readonly tables: Tables;
  readonly evidenceOf: EvidenceOf;
  set<K extends Kind>(kind: K, id: string, held: Held<K> | undefined): void;
}

function allOrNothing<T>({ tables, evidenceOf }: Omit<Draft, 'set'>, work: (draft: Draft) => T): T {
  const undo: (() => void)[] = [];
  function replace<K extends Kind>(kind: K, id: string, held: Held<K> | undefined): void {
    if (kind === 'evidence') leaveEpisode({ tables, evidenceOf }, id);
    if (held === undefined) tables[kind].delete(id);
    else tables[kind].set(id, held);
    if (kind === 'evidence') joinEpisode({ tables, evidenceOf }, id);
  }
  const draft: Draft = {
    tables,
    evidenceOf,
    set(kind, id, held) {
      const before = tables[kind].get(id);
      undo.push(() => replace(kind, id, before));
      replace(kind, id, held);
    },
  };
  try {
    return work(draft);
  } catch (error) {
    for (const takeBack of undo.reverse()) takeBack();
    throw error;
  }
}

function joinEpisode({ tables, evidenceOf }: Omit<Draft, 'set'>, id: string): void {
  const episodeId = tables.evidence.get(id)?.value.episodeId;
  if (episodeId === undefined) return;
  const ids = evidenceOf.get(episodeId) ?? new Set();
  evidenceOf.set(episodeId, ids.add(id));
}

function leaveEpisode({ tables, evidenceOf }: Omit<Draft, 'set'>, id: string): void {
  const episodeId = tables.evidence.get(id)?.value.episodeId ?? '';
  const ids = evidenceOf.get(episodeId);
  ids?.delete(id);
  if (ids?.size === 0) evidenceOf.delete(episodeId);
}

/** The numbers it gave to steps: one for a step, none for anything else. */
function perform(draft: Draft, write: Write): readonly number[] {
  switch (write.op) {
    case 'require':
      checkRequire(draft.tables, write);
      return [];
    case 'delete':
      checkVersion(draft.tables, write, write.id);
      remove(draft, write);
      return [];
    case 'put':
      checkVersion(draft.tables, write, write.value.id);
      if (write.kind === 'step') return [putStep(draft, write)];
      if (write.kind === 'evidence') checkEvidence(draft, write.value);
      if (write.kind === 'embedding' && !draft.tables[write.value.ownerKind].has(write.value.ownerId)) {
        throw ownerNotFound(write.value);
      }
      replaceEntity(draft, write);
      return [];
    default:
      return assertNever(write);
  }
}

function checkRequire(tables: Tables, { id, status: wanted, stepCount, maxSteps, maxBytes }: Require): void {
  const status = tables.episode.get(id)?.value.status;
  if (wanted === 'completed') {
    if (status !== 'completed') throw versionConflict('episode', id);
    return;
  }
  if (status === undefined) throw episodeNotFound(id);
  if (status === 'completed') throw alreadyCompleted(id);
  const steps = stepsOf(tables, id);
  const bytes = steps.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0);
  if (stepCount !== undefined && steps.length !== stepCount) throw stepCountConflict(id);
  if (maxSteps !== undefined && steps.length > maxSteps) throw tooManySteps(id, maxSteps);
  if (maxBytes !== undefined && bytes > maxBytes) throw tooManyBytes(id, maxBytes);
}

function stepsOf(tables: Tables, episodeId: string): readonly Held<'step'>[] {
  return [...tables.step.values()].filter(({ value }) => value.episodeId === episodeId);
}

function checkVersion<K extends Kind>(tables: Tables, write: Put<K> | Delete<K>, id: string): void {
  if (write.ifVersion === undefined) return;
  const version = tables[write.kind].get(id)?.value.version ?? 0;
  if (version !== write.ifVersion) throw versionConflict(write.kind, id);
}

/** A new step gets the number behind the last; one that replaces itself keeps its own. */
function putStep(draft: Draft, { value }: Put<'step'>): number {
  const before = draft.tables.step.get(value.id)?.value;
  if (before !== undefined && before.episodeId !== value.episodeId) throw stepTaken(value);
  if (!draft.tables.episode.has(value.episodeId)) throw episodeNotFound(value.episodeId);
  let last = 0;
  for (const { value: other } of stepsOf(draft.tables, value.episodeId)) {
    if (value.key !== undefined && other.key === value.key && other.id !== value.id) throw stepTaken(value);
    last = Math.max(last, other.number);
  }
  const number = before?.number ?? last + 1;
  draft.set('step', value.id, hold<'step'>({ ...value, number }));
  return number;
}

function checkEvidence({ tables, evidenceOf }: Draft, { id, patternId, episodeId }: PatternEvidence): void {
  if (!tables.episode.has(episodeId)) throw episodeNotFound(episodeId);
  for (const otherId of evidenceOf.get(episodeId) ?? []) {
    const isTwin = otherId !== id && tables.evidence.get(otherId)?.value.patternId === patternId;
    if (isTwin) throw evidenceTaken({ patternId, episodeId });
  }
}

function replaceEntity<K extends Kind>(draft: Draft, { kind, value, terms }: Put<K>): void {
  draft.set(kind, value.id, hold(value, terms ?? draft.tables[kind].get(value.id)?.terms));
}

function remove(draft: Draft, { kind, id }: Delete<Kind>): void {
  draft.set(kind, id, undefined);
  if (kind !== 'episode' && kind !== 'pattern') return;
  for (const { value } of [...draft.tables.embedding.values()]) {
    if (value.ownerKind === kind && value.ownerId === id) draft.set('embedding', value.id, undefined);
  }
  if (kind !== 'episode') return;
  for (const { value } of stepsOf(draft.tables, id)) draft.set('step', value.id, undefined);
  for (const evidenceId of [...(draft.evidenceOf.get(id) ?? [])]) draft.set('evidence', evidenceId, undefined);
}
