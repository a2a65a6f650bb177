// Error → fix: from the text of an error alone, is the fix of a like error in another episode found?
import {
  bestFixes,
  errorSignature,
  type KnownFix,
  type Memory,
  openMemory,
  signatureMatch,
  signatureTerms,
} from '@episodica/memory-core';
import { seededRandom } from '../corpus.ts';
import { timeAlternating } from '../measure.ts';
import { openScratchStore } from '../scratch-store.ts';
import type { Row, Suite, SuiteReport } from '../suite.ts';
import { bm25Floor, bm25Scores } from './bm25-floor.ts';
import { type ErrorCase, errorCases, familyOf } from './error-corpus.ts';

export const errors: Suite = {
  name: 'errors',
  about:
    'Recorded errors of real tools, each with what fixed it. Stored: the building part. Asked: the error texts of the\n' +
    'judging part, alone. Right: an episode in which the same kind of mistake was fixed. Baseline: BM25 over the same texts.',
  run: async () => errorFix(),
};

const DEPTH = 5;
const RESAMPLES = 1_000;
const TARGET = { bound: 'at least', of: 'value', limit: 0.8 } as const;

/** For each question, whether each of its first answers is right, best first. */
type Judged = readonly (readonly boolean[])[];

/** Every arm over the judging part, as rows. */
export async function errorFix(): Promise<SuiteReport> {
  const cases = errorCases();
  const stored = cases.filter(({ part }) => part === 'build');
  const asked = cases.filter(({ part }) => part === 'judge');
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  try {
    const { failed, failedCount } = await memory.importEpisodes(stored.map(({ record }) => record));
    if (failedCount > 0) throw new Error(`${failedCount} cases were not imported: ${failed[0]?.message}`);
    const library = await libraryOf(memory);
    const floor = floorAnswers(stored, asked);
    const rows = [
      ...armRows('signature', asked, { judged: signatureAnswers(library, asked), floor }),
      ...armRows('search', asked, { judged: await searchAnswers(memory, asked), floor }),
      ...hintRows(library, asked, await hintAnswers(memory, asked)),
      ...toolRows(asked, signatureAnswers(library, asked), floor),
      await longWordRow(),
    ];
    return { rows, notes: notesOf(library, stored, asked) };
  } finally {
    await memory.close();
    scratch.remove();
  }
}

interface Library {
  readonly fixes: readonly KnownFix[];
  readonly families: ReadonlyMap<string, string>;
}

async function libraryOf(memory: Memory): Promise<Library> {
  const fixes: KnownFix[] = [];
  const families = new Map<string, string>();
  for await (const episode of memory.listEpisodes({})) {
    families.set(episode.id, familyOf(episode.metadata));
    if (episode.status !== 'completed') continue;
    fixes.push(...episode.recoveries.map((recovery) => ({ episodeId: episode.id, recovery })));
  }
  return { fixes, families };
}

function floorAnswers(stored: readonly ErrorCase[], asked: readonly ErrorCase[]): Judged {
  const rank = bm25Floor(stored.map(({ error }) => error));
  return asked.map(({ family, error }) =>
    rank(error)
      .slice(0, DEPTH)
      .map((index) => stored[index]?.family === family),
  );
}

/** What words of errors are made of, each of which some form reads a run of. */
const RUNS = ['a', 'A', '1', '_', '.', '-', '/', 'a.', 'a-', 'a+', 'aB', 'ERR_A', 'at a.', '^', '\t', '*** ', '*** ['];

/** The run that takes longest: in four times the length four times as long, where no form reads anything twice. */
async function longWordRow(): Promise<Row> {
  const times = [];
  for (const run of RUNS) {
    const of = (length: number) => run.repeat(length).slice(0, length);
    const [long, short] = [of(400), of(100)];
    const { first, second } = await timeAlternating(
      { warmup: 100, calls: 300 },
      async () => errorSignature(long),
      async () => errorSignature(short),
    );
    times.push({ run, longMs: first.medianMs, shortMs: second.medianMs });
  }
  const [worst] = times.sort((a, b) => b.longMs - a.longMs);
  if (worst === undefined) throw new Error('There is no run to time.');
  return {
    what: `signature of 400 characters of ${JSON.stringify(worst.run)}`,
    unit: 'µs',
    value: 1_000 * worst.longMs,
    baseline: { name: '100 of them', value: 1_000 * worst.shortMs },
    target: { bound: 'at most', of: 'ratio', limit: 8 },
  };
}

/** All recorded fixes as an index of signatures orders them: BM25 over their terms, and how much the errors are the same. */
function signatureAnswers({ fixes, families }: Library, asked: readonly ErrorCase[]): Judged {
  const ranked = rankedFixes(fixes);
  return asked.map(({ family, error }) =>
    ranked(error)
      .slice(0, DEPTH)
      .map(({ episodeId }) => families.get(episodeId) === family),
  );
}

function rankedFixes(fixes: readonly KnownFix[]): (error: string) => readonly KnownFix[] {
  const signatures = fixes.map(({ recovery }) => errorSignature(recovery.error));
  const scoresOf = bm25Scores(signatures.map(signatureTerms));
  return (error) => {
    const signature = errorSignature(error);
    const scores = scoresOf(signatureTerms(signature));
    const best = Math.max(...scores);
    const found = fixes.map((fix, index) => {
      const relevance = best > 0 ? (scores[index] ?? 0) / best : 0;
      const match = signatureMatch(signature, signatures[index] ?? signature);
      return { ...fix, relevance, order: relevance + match };
    });
    return found.filter(({ order }) => order > 0).sort((a, b) => b.order - a.order);
  };
}

async function searchAnswers(memory: Memory, asked: readonly ErrorCase[]): Promise<Judged> {
  const judged: (readonly boolean[])[] = [];
  for (const { family, error } of asked) {
    const { episodes } = await memory.search({ text: error, outcome: 'success', limit: DEPTH });
    judged.push(episodes.map(({ episode }) => familyOf(episode.metadata) === family));
  }
  return judged;
}

/** The hints that an agent gets when it records the error as a step of a new episode. */
async function hintAnswers(memory: Memory, asked: readonly ErrorCase[]): Promise<Judged> {
  const { families } = await libraryOf(memory);
  const judged: (readonly boolean[])[] = [];
  for (const { family, error } of asked) {
    const { episode } = await memory.createEpisode({ description: 'Finish what I was asked for' });
    const result = { type: 'error', message: error } as const;
    const { hints } = await memory.addStep(episode.id, { tool: 'bash', action: 'run it', result });
    judged.push(hints.map(({ episodeId }) => families.get(episodeId) === family));
  }
  return judged;
}

function armRows(
  arm: string,
  asked: readonly ErrorCase[],
  { judged, floor }: { readonly judged: Judged; readonly floor: Judged },
): readonly Row[] {
  const row = (label: string, depth: number): Row => {
    const [low, high] = interval(asked, judged, depth);
    return {
      what: `${arm} (${asked.length}): ${label} [${low.toFixed(2)}–${high.toFixed(2)}]`,
      unit: '',
      value: hitRate(judged, depth),
      baseline: { name: 'BM25', value: hitRate(floor, depth) },
      ...(depth === DEPTH ? { target: TARGET } : {}),
    };
  };
  return [row('hit@5', DEPTH), row('hit@1', 1)];
}

/** What a hint is worth: the share of first hints that are right, and how often one is given where nothing alike is known. */
function hintRows(library: Library, asked: readonly ErrorCase[], stepHints: Judged): readonly Row[] {
  const { fixes, families } = library;
  const ranked = rankedFixes(fixes);
  const alone = asked.map(({ family, error }) =>
    bestFixes(
      error,
      ranked(error).filter(({ episodeId }) => families.get(episodeId) !== family),
    ),
  );
  const own = asked.map(({ family, error }) =>
    bestFixes(error, ranked(error)).map(({ episodeId }) => families.get(episodeId) === family),
  );
  const share = (judged: Judged, of: (hints: readonly boolean[]) => boolean): number =>
    judged.filter(of).length / judged.length;
  const precision = (judged: Judged): number =>
    hitRate(
      judged.filter((hints) => hints.length > 0),
      1,
    );
  const figure = (what: string, value: number): Row => ({ what, unit: '', value });
  return [
    figure(
      'hints: share of questions with a right one',
      share(own, (hints) => hints.includes(true)),
    ),
    figure('hints: share of first hints that are right', precision(own)),
    figure(
      'hints: given where nothing alike is stored',
      alone.filter((hints) => hints.length > 0).length / alone.length,
    ),
    figure(
      'hints of add_step: share of questions with a right one',
      share(stepHints, (hints) => hints.includes(true)),
    ),
    figure('hints of add_step: share of first hints that are right', precision(stepHints)),
  ];
}

function toolRows(asked: readonly ErrorCase[], judged: Judged, floor: Judged): readonly Row[] {
  const tools = [...new Set(asked.map(({ tool }) => tool))];
  return tools.map((tool): Row => {
    const ofTool = (all: Judged): Judged => all.filter((_, index) => asked[index]?.tool === tool);
    return {
      what: `signature, ${tool} (${ofTool(judged).length}): hit@5`,
      unit: '',
      value: hitRate(ofTool(judged), DEPTH),
      baseline: { name: 'BM25', value: hitRate(ofTool(floor), DEPTH) },
    };
  });
}

function hitRate(judged: Judged, depth: number): number {
  return judged.length === 0 ? 0 : judged.filter((hits) => hits.slice(0, depth).includes(true)).length / judged.length;
}

/** 95 % of the rates in resamples of whole families: cases of one family are not independent (Efron 1979). */
function interval(asked: readonly ErrorCase[], judged: Judged, depth: number): readonly [number, number] {
  const families = [...new Set(asked.map(({ family }) => family))];
  const groups = families.map((family) => judged.filter((_, index) => asked[index]?.family === family));
  const random = seededRandom(1);
  const rates = Array.from({ length: RESAMPLES }, () => {
    const drawn = groups.flatMap(() => groups[Math.floor(random() * groups.length)] ?? []);
    return hitRate(drawn, depth);
  }).sort((a, b) => a - b);
  return [rates[Math.floor(RESAMPLES * 0.025)] ?? 0, rates[Math.floor(RESAMPLES * 0.975)] ?? 0];
}

function notesOf(library: Library, stored: readonly ErrorCase[], asked: readonly ErrorCase[]): readonly string[] {
  const families = new Set(stored.map(({ family }) => family)).size;
  return [
    `${stored.length} cases of ${families} kinds of mistake are stored (${library.fixes.length} fixes), ${asked.length} are asked.`,
    'hit@5: share of the questions with a right answer among the first five. In brackets: 95 % of 1,000 resamples by kind.',
  ];
}
