// What the output of a check counts, and the exit code that it tells. Pure. Every pattern is tried on one line of bounded
// length and takes linear time.
import { stripVTControlCharacters } from 'node:util';
import type { CheckEvidence } from '../../episode.ts';

/** How a check ended by its own count. */
export interface Summary {
  readonly kind: Extract<CheckEvidence['kind'], 'test' | 'types' | 'lint' | 'build'>;
  readonly tool: string;
  /** Absent where the tool does not count what is good. */
  readonly passed?: number;
  readonly failed: number;
  /** Told in words that others use too, people among them: it does not show that this tool ran. */
  readonly isInCommonWords?: true;
}

/** Read of one output: what is counted stands at its end, what began at its beginning. */
const HEAD_CHARACTERS = 4_000;
const TAIL_CHARACTERS = 16_000;
const LINE_CHARACTERS = 1_000;

/** The lines of an output's head and tail, as a person would see them. */
export function checkedLines(output: string): readonly string[] {
  const isShort = output.length <= HEAD_CHARACTERS + TAIL_CHARACTERS;
  const read = isShort ? output : `${output.slice(0, HEAD_CHARACTERS)}\n${output.slice(-TAIL_CHARACTERS)}`;
  return stripVTControlCharacters(read)
    .split(/\r\n|\r|\n/u)
    .map((line) => line.slice(0, LINE_CHARACTERS))
    .filter((line) => line.trim() !== '');
}

/** What the tools that can be told by their own words counted, in the order of the lines that tell it. */
export function summariesIn(lines: readonly string[]): readonly Summary[] {
  const counting = lines.filter((line) => COUNTING.test(line));
  return READERS.flatMap((read) => read(counting))
    .sort((one, other) => one.at - other.at)
    .map(({ summary }) => summary);
}

/** Nothing else is in a line that a reader below knows: most lines need not be tried by each of them. */
const COUNTING = /\d|\bOK\b|FAIL|NO TESTS|passed|[Nn]o tests? |compile|Finished|Success|"Action"|<\/?testsuite/u;

/** Lines at either end of an output that may tell its exit code. */
const EXIT_LINES = 3;

/** The exit code that an output tells on a line of its own, at its beginning or its end. */
export function exitCodeIn(lines: readonly string[]): number | undefined {
  const ends = [...lines.slice(-EXIT_LINES).reverse(), ...lines.slice(0, EXIT_LINES)];
  for (const line of ends) {
    const code = EXIT_CODE.exec(line)?.[1];
    if (code !== undefined) return Number(code);
  }
  return undefined;
}

const EXIT_CODE =
  /^[\s[(<{"'*#-]*(?:(?:the )?(?:command|process|program|script|shell)[\s:]+)?(?:(?:failed|finished|completed|exited|ended)[\s:]+)?(?:with[\s:]+)?(?:exit(?:ed|ing)?|rc|return(?:ed)?|status)[\s_-]*(?:with[\s_-]*)?(?:code|status|value)?["'\s]*[:=>]*[\s"']*(\d{1,3})[\s\])>}"'.,*]*(?:<\/\w+>)?$/iu;

/** A summary with the index of the line that tells it. */
interface Found {
  readonly at: number;
  readonly summary: Summary;
}

type Reader = (lines: readonly string[]) => readonly Found[];

/** A reader of all lines together, which are told as one where its last line stands. */
function whole(read: (lines: readonly string[]) => Summary | undefined, line: RegExp): Reader {
  return (lines) => {
    const summary = read(lines);
    return summary === undefined ? [] : [{ at: lines.findLastIndex((told) => line.test(told)), summary }];
  };
}

/**
 * A reader of lines that each count everything: there are several where a tool ran several times. Lines without its
 * `mark` are in common words.
 */
function eachLine(tool: string, pattern: RegExp, mark?: RegExp): Reader {
  return (lines) =>
    lines.flatMap((line, at) => {
      const groups = pattern.exec(line)?.groups;
      if (groups === undefined) return [];
      const told = groups.told ?? '';
      const failed = counted(told, FAILED_WORDS);
      const passed = passedOf(groups.all === undefined ? counted(told, PASSED_WORDS) : Number(groups.all) - failed);
      const words = mark === undefined || mark.test(line) ? {} : ({ isInCommonWords: true } as const);
      return [{ at, summary: { kind: 'test', tool, failed, ...passed, ...words } }];
    });
}

/** A reader of lines that each count one thing: `ℹ pass 3`, `ℹ fail 1`. */
function ownLines(tool: string, { passed, failed }: { readonly passed: RegExp; readonly failed: RegExp }): Reader {
  return (lines) => {
    const [good, bad] = [lastMatch(lines, passed), lastMatch(lines, failed)];
    if (good === undefined && bad === undefined) return [];
    const counts = { failed: bad?.count ?? 0, ...passedOf(good?.count ?? 0) };
    return [{ at: Math.max(good?.at ?? 0, bad?.at ?? 0), summary: { kind: 'test', tool, ...counts } }];
  };
}

/** A reader of a line for each part, which are added up. */
function summed(tool: string, pattern: RegExp): Reader {
  return (lines) => {
    const parts = lines.map((line) => pattern.exec(line)?.groups).filter((groups) => groups !== undefined);
    if (parts.length === 0) return [];
    const sum = (name: string): number => parts.reduce((total, groups) => total + Number(groups[name] ?? 0), 0);
    const failed = sum('failed') + sum('errors');
    const passed = parts[0]?.all === undefined ? sum('passed') : sum('all') - failed - sum('skipped');
    const at = lines.findLastIndex((line) => pattern.test(line));
    return [{ at, summary: { kind: 'test', tool, failed, ...passedOf(passed) } }];
  };
}

/** A reader of lines that say that there was nothing to test. */
function nothing(tool: string, pattern: RegExp): Reader {
  return (lines) => {
    const at = lines.findLastIndex((line) => pattern.test(line));
    return at === -1 ? [] : [{ at, summary: { kind: 'test', tool, failed: 0, passed: 0 } }];
  };
}

/** A reader of a tool that counts what is wrong: the last line of either sort counts. */
function faults(
  kind: Summary['kind'],
  tool: string,
  { bad, good }: { readonly bad: RegExp; readonly good?: RegExp },
): Reader {
  return (lines) => {
    const at = lines.findLastIndex((line) => bad.test(line) || good?.test(line) === true);
    const line = lines[at];
    if (line === undefined) return [];
    const found = bad.exec(line);
    return [{ at, summary: { kind, tool, failed: found === null ? 0 : Number(found[1] ?? 1) } }];
  };
}

function unittest(lines: readonly string[]): Summary | undefined {
  const ran = lines.findLastIndex((line) => /^Ran \d+ tests? in /u.test(line));
  const verdict = lines.slice(ran + 1).find((line) => /^(?:OK|FAILED|NO TESTS RAN)\b/u.test(line));
  if (ran === -1 || verdict === undefined) return undefined;
  const all = Number(/\d+/u.exec(lines[ran] ?? '')?.[0] ?? 0);
  const count = (name: string): number => Number(new RegExp(`\\b${name}=(\\d+)`, 'u').exec(verdict)?.[1] ?? 0);
  const failed = verdict.startsWith('FAILED')
    ? Math.max(1, count('failures') + count('errors') + count('unexpected successes'))
    : 0;
  return { kind: 'test', tool: 'unittest', failed, ...passedOf(all - failed - count('skipped')) };
}

/** `go test`, with -v, without and with -json. A package that fails to build or panics tells no test. */
function goTest(lines: readonly string[]): Summary | undefined {
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  const isJson = lines.some((line) => /^\{.*"Action":"(?:start|run|pass|fail|output|build-fail)"/u.test(line));
  const packages = isJson
    ? {
        passed: count(/^\{(?!.*"Test":).*"Action":"pass"/u),
        failed: count(/^\{(?!.*"Test":).*"Action":"(?:fail|build-fail)"/u),
      }
    : {
        passed: count(/^ok {2}?\t?\s*\S+\t(?:[\d.]+s|\(cached\))(?!\s+\[no tests to run\])/u),
        failed: count(/^FAIL\t\S+/u),
      };
  if (!isJson && packages.passed + packages.failed === 0) {
    const isEmpty = lines.some((line) => GO_NOTHING.test(line));
    return isEmpty ? { kind: 'test', tool: 'go test', failed: 0, passed: 0 } : undefined;
  }
  const tests = isJson
    ? { passed: count(/^\{(?=.*"Test":).*"Action":"pass"/u), failed: count(/^\{(?=.*"Test":).*"Action":"fail"/u) }
    : { passed: count(/^\s*--- PASS: /u), failed: count(/^\s*--- FAIL: /u) };
  if (packages.passed + packages.failed + tests.passed + tests.failed === 0) return undefined;
  const failed = packages.failed > 0 ? Math.max(1, tests.failed) : tests.failed;
  return { kind: 'test', tool: 'go test', failed, ...(tests.passed > 0 ? { passed: tests.passed } : {}) };
}

const GO_NOTHING = /\[no test files\]|\[no tests to run\]/u;

/** A report in XML, as many runners write it: the whole where it counts itself, else its outermost parts. */
function junit(lines: readonly string[]): Summary | undefined {
  if (!lines.some((line) => line.includes('<testsuite'))) return undefined;
  const tags = lines.join('\n').match(/<testsuites?\s[^>]{0,1000}>|<\/testsuite>/gu) ?? [];
  let depth = 0;
  const counts = tags.flatMap((tag) => {
    const isWhole = tag.startsWith('<testsuites');
    if (tag.startsWith('</')) depth = Math.max(0, depth - 1);
    const isInner = depth > 0;
    if (!tag.startsWith('</') && !isWhole && !tag.endsWith('/>')) depth += 1;
    if (tag.startsWith('</') || isInner) return [];
    const count = (name: string): number => Number(new RegExp(`\\s${name}=["'](\\d+)["']`, 'u').exec(tag)?.[1] ?? 0);
    const failed = count('failures') + count('errors');
    return [{ isWhole, all: count('tests'), failed, skipped: count('skipped') }];
  });
  const whole = counts.find(({ isWhole, all }) => isWhole && all > 0);
  const parts = whole === undefined ? counts.filter(({ isWhole }) => !isWhole) : [whole];
  if (parts.length === 0) return undefined;
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const failed = sum((part) => part.failed);
  return { kind: 'test', tool: 'junit', failed, ...passedOf(sum(({ all, skipped }) => all - skipped) - failed) };
}

const FAILED_WORDS = /(\d+) (?:failed|failures?|errors?|failing|fail)\b/gu;
const PASSED_WORDS = /(\d+) (?:passed|passing|pass|ok)\b/gu;

function counted(text: string, words: RegExp): number {
  return [...text.matchAll(words)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function passedOf(passed: number): { readonly passed: number } {
  return { passed: Math.max(0, passed) };
}

function lastMatch(
  lines: readonly string[],
  pattern: RegExp,
): { readonly at: number; readonly count: number } | undefined {
  const at = lines.findLastIndex((line) => pattern.test(line));
  return at === -1 ? undefined : { at, count: Number(pattern.exec(lines[at] ?? '')?.[1] ?? 0) };
}

/** The words of each tool, as it prints them with its defaults. */
const READERS: readonly Reader[] = [
  eachLine('vitest', /^\s*Tests {2,}(?<told>\d+ \w+(?: \| \d+ \w+)*|no tests)/u),
  nothing('vitest', /^No test files found\b/u),
  nothing('jest', /^No tests found, exiting with code 0/u),
  eachLine('jest', /^Tests: {2,}(?<told>\d+ \w+(?:, \d+ \w+)*, \d+ total)/u),
  ownLines('mocha', { passed: /^\s{2}(?:✔ )?(\d+) passing \(/u, failed: /^\s{2}(?:✖ )?(\d+) failing$/u }),
  ownLines('node:test', {
    passed: /^(?:ℹ|#|\s*<!--) pass (\d+)(?: -->)?$/u,
    failed: /^(?:ℹ|#|\s*<!--) fail (\d+)(?: -->)?$/u,
  }),
  eachLine(
    'pytest',
    /^(?:=+ )?(?<told>(?:\d+ \w+, )*\d+ (?:passed|failed|errors?|skipped|warnings?|deselected|xfailed|xpassed)|no tests ran)(?: in [\d.]+s)?(?: \([\d:]+\))?(?: =+)?$/u,
    /^=| in [\d.]+s/u,
  ),
  whole(unittest, /^(?:OK|FAILED|NO TESTS RAN)\b/u),
  whole(goTest, /^ok\b|FAIL|"Action"|\[no test/u),
  summed('cargo test', /^test result: \S+ (?<passed>\d+) passed; (?<failed>\d+) failed;/u),
  whole(junit, /<testsuite/u),
  summed(
    'mvn test',
    /Tests run: (?<all>\d+), Failures: (?<failed>\d+), Errors: (?<errors>\d+), Skipped: (?<skipped>\d+)(?:\s*$|, Time elapsed)/u,
  ),
  eachLine('rspec', /^(?<all>\d+) examples?, (?<told>\d+ failures?)/u),
  ownLines('bun test', { passed: /^\s(\d+) pass$/u, failed: /^\s(\d+) fail$/u }),
  eachLine('deno test', /^(?:ok|FAILED) \| (?<told>\d+ passed \| \d+ failed)/u),
  eachLine('ctest', /^\d+% tests passed, (?<told>\d+) tests failed out of (?<all>\d+)/u),
  faults('types', 'tsc', { bad: /^Found (\d+) errors? in (?:the same file|\d+ files|\S+:\d+)|\berror TS\d{4,5}: /u }),
  faults('types', 'mypy', {
    bad: /^Found (\d+) errors? in \d+ files? \(checked/u,
    good: /^Success: no issues found in \d+/u,
  }),
  faults('types', 'pyright', { bad: /^([1-9]\d*) errors?, \d+ warnings?/u, good: /^0 errors, \d+ warnings?/u }),
  faults('lint', 'eslint', { bad: /^✖ \d+ problems? \(([1-9]\d*) errors?/u, good: /^✖ \d+ problems? \(0 errors/u }),
  faults('lint', 'biome', { bad: /^\s*Found (\d+) errors?\.$/u, good: /^Checked \d+ files? in \S+\. /u }),
  faults('lint', 'ruff', {
    bad: /^Found (\d+) errors?(?: \(\d+ fixed, \d+ remaining\))?\.$/u,
    good: /^All checks passed!$/u,
  }),
  faults('build', 'cargo build', {
    bad: /^error: could not compile /u,
    good: /^\s*Finished .*(?:target\(s\)|profile)/u,
  }),
];
