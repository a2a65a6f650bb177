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

/** What the tools that can be told by their own words counted: each once, tests first. */
export function summariesIn(lines: readonly string[]): readonly Summary[] {
  const counting = lines.filter((line) => COUNTING.test(line));
  return READERS.map((read) => read(counting)).filter((summary) => summary !== undefined);
}

/** Nothing else is in a line that a reader below knows: most lines need not be tried by each of them. */
const COUNTING = /\d|\bOK\b|FAIL|NO TESTS|passed|no tests|compile|Finished|Success|"Action"|<testsuite/u;

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

type Reader = (lines: readonly string[]) => Summary | undefined;

/** A reader of one line that counts everything: the last such line counts, as a tool may run several times. */
function lastLine(tool: string, pattern: RegExp): Reader {
  return (lines) => {
    const groups = lastMatch(lines, pattern)?.groups;
    if (groups === undefined) return undefined;
    const told = groups.told ?? '';
    const failed = counted(told, FAILED_WORDS);
    return {
      kind: 'test',
      tool,
      failed,
      ...passedOf(groups.all === undefined ? counted(told, PASSED_WORDS) : Number(groups.all) - failed),
    };
  };
}

/** A reader of lines that each count one thing: `ℹ pass 3`, `ℹ fail 1`. */
function ownLines(tool: string, { passed, failed }: { readonly passed: RegExp; readonly failed: RegExp }): Reader {
  return (lines) => {
    const good = lastMatch(lines, passed)?.[1];
    const bad = lastMatch(lines, failed)?.[1];
    if (good === undefined && bad === undefined) return undefined;
    return { kind: 'test', tool, failed: Number(bad ?? 0), ...passedOf(Number(good ?? 0)) };
  };
}

/** A reader of a line for each part, which are added up. */
function summed(tool: string, pattern: RegExp): Reader {
  return (lines) => {
    const parts = lines.map((line) => pattern.exec(line)?.groups).filter((groups) => groups !== undefined);
    if (parts.length === 0) return undefined;
    const sum = (name: string): number => parts.reduce((total, groups) => total + Number(groups[name] ?? 0), 0);
    const failed = sum('failed') + sum('errors');
    const passed = parts[0]?.all === undefined ? sum('passed') : sum('all') - failed - sum('skipped');
    return { kind: 'test', tool, failed, ...passedOf(passed) };
  };
}

/** A reader of a tool that counts what is wrong: the last line of either sort counts. */
function faults(
  kind: Summary['kind'],
  tool: string,
  { bad, good }: { readonly bad: RegExp; readonly good?: RegExp },
): Reader {
  return (lines) => {
    for (const line of lines.toReversed()) {
      const found = bad.exec(line);
      if (found !== null) return { kind, tool, failed: Number(found[1] ?? 1) };
      if (good?.test(line) === true) return { kind, tool, failed: 0 };
    }
    return undefined;
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
    : { passed: count(/^ok {2}?\t?\s*\S+\t(?:[\d.]+s|\(cached\))/u), failed: count(/^FAIL\t\S+/u) };
  if (!isJson && packages.passed + packages.failed === 0) return undefined;
  const tests = isJson
    ? { passed: count(/^\{(?=.*"Test":).*"Action":"pass"/u), failed: count(/^\{(?=.*"Test":).*"Action":"fail"/u) }
    : { passed: count(/^\s*--- PASS: /u), failed: count(/^\s*--- FAIL: /u) };
  if (packages.passed + packages.failed + tests.passed + tests.failed === 0) return undefined;
  const failed = packages.failed > 0 ? Math.max(1, tests.failed) : tests.failed;
  return { kind: 'test', tool: 'go test', failed, ...(tests.passed > 0 ? { passed: tests.passed } : {}) };
}

/** A report in XML, as many runners write it: the whole where it counts itself, else its parts. */
function junit(lines: readonly string[]): Summary | undefined {
  if (!lines.some((line) => line.includes('<testsuite'))) return undefined;
  const tags = lines.join('\n').match(/<testsuites?\s[^>]{0,1000}>/gu) ?? [];
  const counts = tags.map((tag) => {
    const count = (name: string): number => Number(new RegExp(`\\s${name}=["'](\\d+)["']`, 'u').exec(tag)?.[1] ?? 0);
    const failed = count('failures') + count('errors');
    return { isWhole: tag.startsWith('<testsuites'), all: count('tests'), failed, skipped: count('skipped') };
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

function lastMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const line of lines.toReversed()) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  return undefined;
}

/** The words of each tool, as it prints them with its defaults. */
const READERS: readonly Reader[] = [
  lastLine('vitest', /^\s*Tests {2,}(?<told>\d+ \w+(?: \| \d+ \w+)*|no tests)/u),
  lastLine('jest', /^Tests: {2,}(?<told>\d+ \w+(?:, \d+ \w+)*, \d+ total)/u),
  ownLines('mocha', { passed: /^\s{2}(?:✔ )?(\d+) passing \(/u, failed: /^\s{2}(?:✖ )?(\d+) failing$/u }),
  ownLines('node:test', {
    passed: /^(?:ℹ|#|\s*<!--) pass (\d+)(?: -->)?$/u,
    failed: /^(?:ℹ|#|\s*<!--) fail (\d+)(?: -->)?$/u,
  }),
  lastLine(
    'pytest',
    /^(?:=+ )?(?<told>(?:\d+ \w+, )*\d+ (?:passed|failed|errors?|skipped|warnings?|deselected|xfailed|xpassed)|no tests ran)(?: in [\d.]+s)?(?: \([\d:]+\))?(?: =+)?$/u,
  ),
  unittest,
  goTest,
  summed('cargo test', /^test result: \S+ (?<passed>\d+) passed; (?<failed>\d+) failed;/u),
  junit,
  summed(
    'mvn test',
    /Tests run: (?<all>\d+), Failures: (?<failed>\d+), Errors: (?<errors>\d+), Skipped: (?<skipped>\d+)(?:\s*$|, Time elapsed)/u,
  ),
  lastLine('rspec', /^(?<all>\d+) examples?, (?<told>\d+ failures?)/u),
  ownLines('bun test', { passed: /^\s(\d+) pass$/u, failed: /^\s(\d+) fail$/u }),
  lastLine('deno test', /^(?:ok|FAILED) \| (?<told>\d+ passed \| \d+ failed)/u),
  lastLine('ctest', /^\d+% tests passed, (?<told>\d+) tests failed out of (?<all>\d+)/u),
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
