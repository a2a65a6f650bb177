// Command lines made from the command tree itself, so that a command that is added later is in them without anybody's doing.
import type { Argument, Command, Option } from 'commander';
import fc from 'fast-check';

/** What lines may speak of. */
export interface Known {
  /** Ids of things that are there. */
  readonly ids: readonly string[];
  /** Names in the working folder: files, folders, what cannot be read. */
  readonly files: readonly string[];
  /** A place for a copy of the store. */
  readonly url: string;
}

/** One command line. */
export interface Line {
  readonly words: readonly string[];
  readonly input: string;
}

/** A command by every name it goes by, from the outermost group on. */
interface Target {
  readonly names: readonly (readonly string[])[];
  readonly command: Command;
}

/** What starts threads, sandboxes or processes, or waits: it takes as long as hundreds of others. */
const SLOW = /^(?:doctor|eval|health|init|backup (?!list)|storage (?!stats)|pattern extract|monitor|logs tail)/u;
const SHARE_OF_SLOW = 1;
const SHARE_OF_OTHERS = 30;

/** Lines of every kind: well formed, almost, and not at all. `isQuick`: without what is slow. */
export function commandLines(root: Command, known: Known, { isQuick = false } = {}): fc.Arbitrary<Line> {
  const targets = targetsIn(root).filter(({ names }) => !isQuick || !SLOW.test(pathOf(names)));
  const weighted = targets.map((target) => ({
    weight: SLOW.test(pathOf(target.names)) ? SHARE_OF_SLOW : SHARE_OF_OTHERS,
    arbitrary: fc.oneof(
      { weight: 5, arbitrary: wellFormed(target, known) },
      { weight: 4, arbitrary: careless(target, known) },
    ),
  }));
  const words = fc.oneof(
    { weight: 30, arbitrary: fc.oneof(...weighted) },
    { weight: 1, arbitrary: fc.array(wild(known), { maxLength: 6 }) },
  );
  const globals = fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 5, arbitrary: fc.constant(['--format', 'json']) },
    { weight: 3, arbitrary: globalFlags(root, known) },
  );
  const input = fc.constantFrom('', '', '', 'y\n', '{"task_description":"from the input"}\n', '\0\n', '[');
  return fc.record({ globals, words, isBehind: fc.boolean(), input }).map((line) => ({
    words: line.isBehind ? [...line.words, ...line.globals] : [...line.globals, ...line.words],
    input: line.input,
  }));
}

/** Each command alone, with each of its flags without a value and with an empty one, and with too many arguments. */
export function everyFlag(root: Command): readonly Line[] {
  return targetsIn(root).flatMap(({ names, command }) => {
    const path = names.map(([name = '']) => name);
    const flags = command.options.flatMap(({ long, short }) => [long, short].flatMap((flag) => flag ?? []));
    const endings = [
      [],
      ['--help'],
      ['--nonsense'],
      ['a', 'b', 'c', 'd'],
      ...flags.flatMap((flag) => [[flag], [`${flag}=`]]),
    ];
    return endings.map((ending) => ({ words: [...path, ...ending], input: '' }));
  });
}

/** Names of all commands that do something. */
export function commandNames(root: Command): readonly string[] {
  return targetsIn(root)
    .filter(({ command }) => command.commands.length === 0)
    .map(({ names }) => pathOf(names));
}

function targetsIn(command: Command, above: Target['names'] = []): readonly Target[] {
  return command.commands.flatMap((child) => {
    const names = [...above, [child.name(), ...child.aliases()]];
    return [{ names, command: child }, ...targetsIn(child, names)];
  });
}

function pathOf(names: Target['names']): string {
  return names.map(([name = '']) => name).join(' ');
}

function wellFormed({ names, command }: Target, known: Known): fc.Arbitrary<string[]> {
  const given = command.registeredArguments.map((argument) => {
    const value = fitting(argument.name(), argument.argChoices, known);
    const one = value.map((text) => [text]);
    if (argument.variadic) return fc.array(value, { minLength: argument.required ? 1 : 0, maxLength: 3 });
    return argument.required ? one : fc.oneof(one, fc.constant<string[]>([]));
  });
  const mandatory = command.options.filter((option) => option.mandatory).map((option) => flagWords(option, known));
  const others = command.options.filter((option) => !option.mandatory).map((option) => flagWords(option, known));
  const some =
    others.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...others), { maxLength: 3 }).map((each) => each.flat());
  return fc
    .tuple(pathWords(names), fc.tuple(...given), fc.tuple(...mandatory), some)
    .map(([path, values, required, optional]) => [...path, ...values.flat(), ...required.flat(), ...optional]);
}

function careless({ names, command }: Target, known: Known): fc.Arbitrary<string[]> {
  const flags = command.options.map((option) => carelessFlag(option, known));
  const part = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.oneof(
        wild(known).map((text) => [text]),
        ...flags,
      ),
    },
    { weight: 1, arbitrary: fc.oneof(wild(known).map((text) => [text])) },
    { weight: 1, arbitrary: fc.constantFrom(...UNKNOWN_FLAGS).map((text) => [text]) },
    { weight: 2, arbitrary: fc.constantFrom(...known.ids).map((text) => [text]) },
  );
  return fc
    .tuple(pathWords(names), fc.array(part, { maxLength: 6 }))
    .map(([path, parts]) => [...path, ...parts.flat()]);
}

const UNKNOWN_FLAGS = [
  '--nonsense',
  '--nonsense=1',
  '-z',
  '-zz',
  '--',
  '---',
  '-',
  '--help',
  '-h',
  '--version',
  '--format=json',
];

function pathWords(names: Target['names']): fc.Arbitrary<string[]> {
  return fc.tuple(...names.map((each) => fc.constantFrom(...each)));
}

function globalFlags(root: Command, known: Known): fc.Arbitrary<string[]> {
  return fc.oneof(...root.options.map((option) => fc.oneof(flagWords(option, known), carelessFlag(option, known))));
}

/** A flag as it should be given. */
function flagWords(option: Option, known: Known): fc.Arbitrary<string[]> {
  const flag = option.long ?? option.short ?? '';
  if (!option.required && !option.optional) return fc.constant([flag]);
  const value = fitting(/[<[]([^>\].]*)/u.exec(option.flags)?.[1] ?? '', option.argChoices, known);
  return fc.oneof(
    value.map((text) => [flag, text]),
    value.map((text) => [`${flag}=${text}`]),
  );
}

/** A flag as it should not be: without a value, with one too many, twice, with whatever comes to mind. */
function carelessFlag(option: Option, known: Known): fc.Arbitrary<string[]> {
  const flag = option.long ?? option.short ?? '';
  return fc.oneof(
    fc.constant<string[]>([flag]),
    wild(known).map((text) => [flag, text]),
    wild(known).map((text) => [`${flag}=${text}`]),
    fc.tuple(flagWords(option, known), flagWords(option, known)).map(([first, second]) => [...first, ...second]),
  );
}

/** A value of the kind that its name asks for. */
function fitting(name: string, choices: Argument['argChoices'], known: Known): fc.Arbitrary<string> {
  if (choices !== undefined && choices.length > 0) return fc.constantFrom(...choices);
  if (/^(?:n|days|number)$|count|ms$|mb$/iu.test(name)) return fc.constantFrom('0', '1', '3', '20', '100', '5000');
  if (/id|episode|pattern|recommendation/iu.test(name)) return fc.constantFrom(...known.ids);
  if (/time|since|before|until/iu.test(name))
    return fc.constantFrom('2026-01-31', '2026-01-31T08:00:00Z', '2020-01-01');
  if (/json|params|input/iu.test(name)) return fc.constantFrom('{"a":1}', '{}', '[1,"x"]', 'null');
  if (/file|dir|folder|path/iu.test(name)) return fc.constantFrom(...known.files);
  if (/url/iu.test(name)) return fc.constant(known.url);
  if (/=/u.test(name)) return fc.constantFrom('a=b', 'key=', 'k=v=w');
  return fc.constantFrom(
    'fix',
    'Fix the login redirect',
    'web',
    'cannot find module',
    'typescript',
    '1 + 1',
    'ü日本🦀',
  );
}

/** Whatever people, scripts and attackers write. Without a slash: nothing is named that lies outside. */
function wild(known: Known): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ODD) },
    { weight: 1, arbitrary: fc.constantFrom(...known.ids, ...known.files) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('/', '')) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 2 }).map((text) => text.replaceAll('/', '')) },
    { weight: 1, arbitrary: fc.double().map(String) },
    { weight: 1, arbitrary: fc.integer({ min: 10, max: 40_000 }).map((length) => 'long '.repeat(length / 5)) },
  );
}

const ODD = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    '-',
    '--',
    '.',
    '..',
    '-1',
    '-0.5',
    '0',
    '1e999',
    'NaN',
    'Infinity',
    '9007199254740993',
    '0x10',
  ],
  ...[
    'null',
    'undefined',
    'true',
    '[]',
    '{}',
    '{"__proto__":{"x":1}}',
    '[1',
    '"',
    '{"a":',
    '%',
    '%00',
    '$HOME',
    '*',
    '\\',
    ',',
  ],
  ...[
    '\0',
    'a\0b',
    '\u001b[31mred\u001b[0m',
    '\u202eabc',
    '\u0085',
    '\ud800',
    'e\u0301',
    '🦀',
    '日本語',
    'ÅÄÖ',
    '\ufeff',
  ],
  ...[
    '2026-01-31',
    '2026-02-31',
    '2026-01-31T08:00:00Z',
    '0000-00-00',
    'yesterday',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '01a1fc43-5981-7000-b542-8e95badb3456',
    '01a1fc43',
    '01A1FC43-5981',
    'id',
    'a=b',
    '=',
    '=x',
    'help',
    'x'.repeat(10_001),
  ],
];
