// Which programs check the work, and what they check. Pure.
import type { CheckEvidence } from '../../episode.ts';

export interface Program {
  readonly kind: Exclude<CheckEvidence['kind'], 'revert'>;
  /** As people call it; of a script, which may run anything, its name with what runs it. */
  readonly tool: string;
  /** A script: only its output tells what it ran. */
  readonly isScript: boolean;
  /** What it was told to check, without options. */
  readonly targets: readonly string[];
}

/** What a command checks; `undefined` where it checks nothing. Its words come from `commandsIn`. */
export function programOf(words: readonly string[]): Program | undefined {
  const [name = '', ...rest] = words;
  const options = rest.filter((word) => word.startsWith('-'));
  const plain = [...rest.filter((word) => !word.startsWith('-')), ...options.filter((word) => NARROWING.test(word))];
  if (options.some((word) => NOT_RUNNING.test(word)) || notRunBy(name, options)) return undefined;
  const known = PROGRAMS.get(name);
  if (known !== undefined) {
    const targets = plain.filter((word) => word !== known.verb);
    return { kind: known.kind, tool: known.tool ?? name, isScript: false, targets };
  }
  const [verb = '', ...targets] = plain;
  if (name === 'git') return verb === 'commit' ? program('commit', 'git', []) : undefined;
  if (name === 'node' && options.includes('--test')) return program('test', 'node:test', plain);
  const kind = verbKind(name, verb);
  if (kind === 'test' && options.some((word) => WITHOUT_TESTS.test(word))) {
    return program('build', `${name} build`, targets);
  }
  if (kind !== undefined) return program(kind, SAME_TOOL.get(`${name} ${verb}`) ?? `${name} ${verb}`, targets);
  if (SCRIPT_RUNNERS.has(name)) return script(name, plain);
  return INTERPRETERS.has(name) || /^\.{0,2}\//u.test(name) ? program('exit', name, rest) : undefined;
}

/** What a tool that is no shell checks, by its name alone: `run_tests`, `mcp__ci__lint`. */
export function namedTool(tool: string): Program | undefined {
  const name = tool
    .replace(/^mcp__.*?__(?=.)/u, '')
    .replace(/([a-z\d])(?=[A-Z])/gu, '$1_')
    .toLowerCase()
    .replace(/[\s.:/-]+/gu, '_')
    .replace(/^(?:run|execute|exec)_|_(?:tool|runner)$|^(?:unit|all|the|project)_/gu, '')
    .replace(/^(?:unit|all|the|project)_/u, '');
  const known = PROGRAMS.get(name);
  if (known !== undefined) return program(known.kind, known.tool ?? name, []);
  const [first = '', second = ''] = name.split('_');
  const built = verbKind(first, second);
  if (built !== undefined && name === `${first}_${second}`) return program(built, `${first} ${second}`, []);
  const kind = name === 'git_commit' ? 'commit' : TOOL_KINDS.get(name);
  return kind && { kind, tool: kind === 'commit' ? 'git' : tool, isScript: kind !== 'commit', targets: [] };
}

function verbKind(name: string, verb: string): Program['kind'] | undefined {
  const verbs = VERBS.get(name);
  return verbs !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
}

function program(kind: Program['kind'], tool: string, targets: readonly string[]): Program {
  return { kind, tool, isScript: false, targets };
}

/** What a package or a makefile names: its first word says what it is for. */
function script(runner: string, words: readonly string[]): Program | undefined {
  const [name = '', ...targets] = words[0] === 'run' || words[0] === 'run-script' ? words.slice(1) : words;
  const kind = SCRIPTS.exec(name)?.groups;
  const tool = `${runner} ${name === 't' ? 'test' : name}`;
  if (kind?.test !== undefined) return { kind: 'test', tool, isScript: true, targets };
  if (kind?.types !== undefined) return { kind: 'types', tool, isScript: true, targets };
  if (kind?.lint !== undefined) return { kind: 'lint', tool, isScript: true, targets };
  if (kind?.build !== undefined) return { kind: 'build', tool, isScript: true, targets };
  const isRun = words[0] === 'run' || name === 'start';
  return isRun && name !== '' ? { kind: 'exit', tool, isScript: true, targets } : undefined;
}

const SCRIPTS =
  /^(?:(?<test>t|tests?|tst|specs?|e2e|unit|integration|pytest|vitest|jest)|(?<types>types?|type-?check|check[-:]types|tsc|mypy)|(?<lint>lint|eslint|ruff|format[-:]check|style)|(?<build>build|compile|(?:check|verify|validate|ci|all)$))(?=$|[:_-])/u;
const SCRIPT_RUNNERS: ReadonlySet<string> = new Set([
  'npm',
  'pnpm',
  'yarn',
  'bun',
  'make',
  'just',
  'rake',
  'task',
  'composer',
]);

interface KnownProgram {
  readonly kind: Program['kind'];
  readonly tool?: string;
  /** A word that only says that it is to run. */
  readonly verb?: string;
}

const PROGRAMS: ReadonlyMap<string, KnownProgram> = new Map<string, KnownProgram>(
  Object.entries({
    vitest: { kind: 'test', verb: 'run' },
    jest: { kind: 'test' },
    mocha: { kind: 'test' },
    ava: { kind: 'test' },
    tap: { kind: 'test' },
    bats: { kind: 'test' },
    pytest: { kind: 'test' },
    'py.test': { kind: 'test', tool: 'pytest' },
    unittest: { kind: 'test', verb: 'discover' },
    tox: { kind: 'test' },
    nox: { kind: 'test' },
    rspec: { kind: 'test' },
    phpunit: { kind: 'test' },
    ctest: { kind: 'test' },
    playwright: { kind: 'test', verb: 'test' },
    tsc: { kind: 'types' },
    'vue-tsc': { kind: 'types' },
    mypy: { kind: 'types' },
    pyright: { kind: 'types' },
    eslint: { kind: 'lint' },
    biome: { kind: 'lint', verb: 'check' },
    ruff: { kind: 'lint', verb: 'check' },
    flake8: { kind: 'lint' },
    pylint: { kind: 'lint' },
    rubocop: { kind: 'lint' },
    shellcheck: { kind: 'lint' },
    stylelint: { kind: 'lint' },
    'golangci-lint': { kind: 'lint', verb: 'run' },
    clippy: { kind: 'lint' },
    gcc: { kind: 'build' },
    'g++': { kind: 'build' },
    cc: { kind: 'build' },
    clang: { kind: 'build' },
    'clang++': { kind: 'build' },
    javac: { kind: 'build' },
    rustc: { kind: 'build' },
    py_compile: { kind: 'build' },
  } satisfies Readonly<Record<string, KnownProgram>>),
);

const JVM = {
  test: 'test',
  check: 'test',
  verify: 'test',
  build: 'build',
  compile: 'build',
  package: 'build',
  install: 'build',
} as const;
/** Programs that do what their first word says. */
const VERBS: ReadonlyMap<string, Readonly<Record<string, Program['kind']>>> = new Map(
  Object.entries({
    go: { test: 'test', vet: 'lint', build: 'build', run: 'exit' },
    cargo: { test: 'test', t: 'test', nextest: 'test', check: 'types', clippy: 'lint', build: 'build', run: 'exit' },
    deno: { test: 'test', check: 'types', lint: 'lint', run: 'exit' },
    bun: { test: 'test' },
    dotnet: { test: 'test', build: 'build', run: 'exit' },
    mix: { test: 'test', compile: 'build' },
    swift: { test: 'test', build: 'build', run: 'exit' },
    zig: { test: 'test', build: 'build' },
    bazel: { test: 'test', build: 'build' },
    mvn: JVM,
    mvnw: JVM,
    './mvnw': JVM,
    gradle: JVM,
    gradlew: JVM,
    './gradlew': JVM,
  }),
);
/** Other names of the same. */
const SAME_TOOL: ReadonlyMap<string, string> = new Map([
  ['cargo t', 'cargo test'],
  ['cargo nextest', 'cargo test'],
  ['cargo clippy', 'clippy'],
]);

/** What runs a program of the work. */
const INTERPRETERS: ReadonlySet<string> = new Set([
  'node',
  'tsx',
  'ts-node',
  'python',
  'python3',
  'ruby',
  'php',
  'perl',
  'java',
  'bash',
  'sh',
]);

/** Names of tools that are no shell. */
const TOOL_KINDS: ReadonlyMap<string, Program['kind']> = new Map(
  Object.entries({
    test: 'test',
    tests: 'test',
    unit_tests: 'test',
    typecheck: 'types',
    type_check: 'types',
    types: 'types',
    lint: 'lint',
    linter: 'lint',
    build: 'build',
    compile: 'build',
    verify: 'build',
  } as const),
);

/** Only asked about, watched or mended, but not run. */
const NOT_RUNNING =
  /^(?:--version|--help|-h|--watch|--collect-only|--co|--list|--list-?tests|--init|--showConfig|--dry-run|--just-print|--setup-plan|--fixtures|--markers)$/iu;
/** Short options mean something else from program to program. */
const NOT_RUN_BY: ReadonlyMap<string, RegExp> = new Map([
  ['pytest', /^-V+$/u],
  ['py.test', /^-V+$/u],
  ['make', /^-[a-zA-Z]*[nq]/u],
  ['just', /^-n$/u],
  ['ctest', /^-N$|^--show-only/u],
  ['go', /^-list(?:=|$)/u],
]);

function notRunBy(name: string, options: readonly string[]): boolean {
  const asking = NOT_RUN_BY.get(name);
  return asking !== undefined && options.some((word) => asking.test(word));
}

/** The tests are built or left out, not run. */
const WITHOUT_TESTS = /^(?:--no-run|-DskipTests(?:=true)?|-Dmaven\.test\.skip(?:=true)?)$/u;
/** An option that leaves out a part of what is checked. */
const NARROWING = /^--?(?:t|k|run|grep|filter|only|Dtest|test-?name-?pattern|testPathPattern)=/iu;
