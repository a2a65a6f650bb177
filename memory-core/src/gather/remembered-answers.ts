// Answers that were given before, as long as nothing that is searched has changed.
import type { Answer, Asked } from './asked.ts';
import type { ExperienceIndex } from './experience-index.ts';

export interface RememberedAnswers {
  /** What was answered to the same question from the same index, else what `find` answers. The answer is the caller's own. */
  answer(
    question: { readonly asked: Asked; readonly index: ExperienceIndex },
    find: () => Promise<Answer>,
  ): Promise<Answer>;
}

/** Hits in all answers together: what was not asked for longest goes. An episode takes some thousand bytes. */
const MAX_HITS = 1_000;
/** What is newer in an answer than another by less counts as of one time. */
const MINUTE_MS = 60_000;

export function rememberedAnswers(): RememberedAnswers {
  const answers = new Map<string, Answer>();
  let of: ExperienceIndex | undefined;
  let changes = 0;
  let hits = 0;

  function clear(): void {
    answers.clear();
    hits = 0;
  }

  function drop(key: string, answer: Answer): void {
    answers.delete(key);
    hits -= hitsIn(answer);
  }

  function keep(key: string, answer: Answer): void {
    const before = answers.get(key);
    if (before !== undefined) drop(key, before);
    answers.set(key, answer);
    hits += hitsIn(answer);
    for (const [oldKey, old] of answers) {
      if (hits <= MAX_HITS) return;
      drop(oldKey, old);
    }
  }

  return {
    async answer({ asked, index }, find) {
      if (of !== index || changes !== index.changes) clear();
      of = index;
      changes = index.changes;
      const key = keyOf(asked);
      const known = answers.get(key);
      if (known !== undefined) {
        answers.delete(key);
        answers.set(key, known);
        return structuredClone(known);
      }
      const begunAt = changes;
      const found = await find();
      // What was read while the index changed may be of either state; and what stood in the way may be gone.
      if (
        of === index &&
        begunAt === index.changes &&
        begunAt === changes &&
        !found.lacks.some(({ isPassing }) => isPassing)
      ) {
        keep(key, structuredClone(found));
      }
      return found;
    },
  };
}

function keyOf({ here, ...asked }: Asked): string {
  return JSON.stringify([asked, { ...here, nowMs: Math.floor(here.nowMs / MINUTE_MS) }]);
}

/** An answer without any takes its place too. */
function hitsIn({ episodes, patterns, fixes }: Answer): number {
  return 1 + episodes.length + patterns.length + fixes.length;
}
