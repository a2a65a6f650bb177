// Which evidence of a pattern is stored: the newest, and no more than somebody would look into. What is stored is known by
// a digest that stands in the pattern, so that it is only read where it is to change.
import { collect } from '../context.ts';
import { contentId } from '../id.ts';
import type { LearntPattern } from '../learn/scope-learning.ts';
import {
  evidenceId,
  type KeptEvidence,
  leastKept,
  MAX_KEPT_EVIDENCE,
  type Pattern,
  type PatternEvidence,
} from '../pattern.ts';
import type { CallOptions, MemoryStore, Write } from '../ports/store.ts';
import type { Trace } from '../trace.ts';

/** What the pattern is to say of its evidence, and the writes that make it so. */
export interface EvidenceChange {
  readonly kept: KeptEvidence;
  readonly writes: readonly Write[];
}

/** `known` is the pattern as it is stored, if it is. */
export async function minedEvidence(
  store: MemoryStore,
  {
    learnt,
    traces,
    known,
  }: { readonly learnt: LearntPattern; readonly traces: readonly Trace[]; readonly known: Pattern | undefined },
  options: CallOptions,
): Promise<EvidenceChange> {
  const { id, standing, support } = learnt.pattern;
  const told = toldBy(learnt, traces);
  const least = Math.min(leastKept(standing), support);
  if (known?.kept !== undefined && known.kept.episodes >= least) {
    const same = told.slice(0, known.kept.episodes);
    if (digestOf(same) === known.kept.digest) return { kept: known.kept, writes: [] };
  }
  // Of a pattern that is not stored nothing is: both are always one write.
  const stored = known === undefined ? [] : await collect(store.scan('evidence', { patternId: id }, options));
  const storedIds = new Set(stored.map(({ episodeId }) => episodeId));
  const reach = told.findLastIndex(({ episodeId }) => storedIds.has(episodeId)) + 1;
  // Cut down only when it has grown far: else each new episode would push an old one out, with one write more.
  const isOver = stored.length > MAX_KEPT_EVIDENCE || reach >= MAX_KEPT_EVIDENCE;
  const kept = told.slice(0, isOver ? least : Math.max(reach, least));
  return { kept: { ...countsOf(kept), digest: digestOf(kept) }, writes: changes(id, kept, stored) };
}

/** Of a pattern that is mined no more: a few to look into. */
export async function fadedEvidence(
  store: MemoryStore,
  { id }: Pick<Pattern, 'id'>,
  options: CallOptions,
): Promise<EvidenceChange> {
  const stored = await collect(store.scan('evidence', { patternId: id }, options));
  const kept = stored.slice(0, leastKept('faded'));
  return { kept: countsOf(kept), writes: changes(id, kept, stored) };
}

type Told = Pick<PatternEvidence, 'episodeId' | 'isSuccess'>;

/** The newest first. */
function toldBy({ evidence }: LearntPattern, traces: readonly Trace[]): readonly Told[] {
  return [...evidence].flatMap((told) => {
    const trace = traces[told >>> 1];
    return trace === undefined ? [] : [{ episodeId: trace.episodeId, isSuccess: (told & 1) === 1 }];
  });
}

function digestOf(evidence: readonly Told[]): string {
  return contentId(JSON.stringify(evidence.map(({ episodeId, isSuccess }) => [episodeId, isSuccess])));
}

function countsOf(evidence: readonly Told[]): KeptEvidence {
  return { episodes: evidence.length, successes: evidence.filter(({ isSuccess }) => isSuccess).length };
}

function changes(patternId: string, kept: readonly Told[], stored: readonly PatternEvidence[]): readonly Write[] {
  const should = new Map(kept.map(({ episodeId, isSuccess }) => [episodeId, isSuccess]));
  const writes: Write[] = [];
  const put = (is: Omit<PatternEvidence, 'version'>, version: number): void => {
    writes.push({ op: 'put', kind: 'evidence', value: { ...is, version: version + 1 }, ifVersion: version });
  };
  for (const { version, ...is } of stored) {
    const isSuccess = should.get(is.episodeId);
    should.delete(is.episodeId);
    if (isSuccess === undefined) writes.push({ op: 'delete', kind: 'evidence', id: is.id, ifVersion: version });
    else if (isSuccess !== is.isSuccess) put({ ...is, isSuccess }, version);
  }
  for (const [episodeId, isSuccess] of should) {
    put({ id: evidenceId(patternId, episodeId), patternId, episodeId, isSuccess }, 0);
  }
  return writes;
}
