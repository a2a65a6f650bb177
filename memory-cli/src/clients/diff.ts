// A change of a text as people read it: what goes and what comes, with some lines around. Pure.

/** Lines shown before and behind a change. */
const CONTEXT_LINES = 3;
const MAX_COLUMNS = 200;

/** One hunk in unified form; nothing where the texts are the same. `undefined` is a file that is not there. */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): string {
  if (before === after) return '';
  const old = linesOf(before ?? '');
  const next = linesOf(after ?? '');
  const shorter = Math.min(old.length, next.length);
  let start = 0;
  while (start < shorter && old[start] === next[start]) start += 1;
  let same = 0;
  while (same < shorter - start && old[old.length - 1 - same] === next[next.length - 1 - same]) same += 1;
  const first = Math.max(0, start - CONTEXT_LINES);
  const behind = old.slice(old.length - same).slice(0, CONTEXT_LINES);
  const gone = old.slice(start, old.length - same);
  const come = next.slice(start, next.length - same);
  const context = old.slice(first, start);
  const around = context.length + behind.length;
  return [
    `--- ${before === undefined ? '/dev/null' : path}`,
    `+++ ${after === undefined ? '/dev/null' : path}`,
    `@@ -${span(first, gone.length + around)} +${span(first, come.length + around)} @@`,
    ...context.map((line) => ` ${shown(line)}`),
    ...gone.map((line) => `-${shown(line)}`),
    ...come.map((line) => `+${shown(line)}`),
    ...behind.map((line) => ` ${shown(line)}`),
  ].join('\n');
}

function span(first: number, count: number): string {
  return `${count === 0 ? first : first + 1},${count}`;
}

/** With their ends, so that one that is missing is a difference. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
}

function shown(line: string): string {
  const text = line.replace(/\r?\n$/u, '');
  return text.length > MAX_COLUMNS ? `${text.slice(0, MAX_COLUMNS)}…` : text;
}
