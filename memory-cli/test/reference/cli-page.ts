// The reference of the terminal program, docs/cli.md: its tree of commands, in words.
import type { Argument, Command, Option } from 'commander';
import { commandsOf, examplesOf, theProgram } from './commands.ts';

/** The whole page. */
export async function cliPage(): Promise<string> {
  const { root, exitCodes } = await theProgram();
  const sections = [
    HEAD,
    '## Flags of every command',
    flagTable(root.options.filter(({ long }) => long !== '--version')),
    ...root.commands.flatMap((group) => groupSections(group)),
    '## Errors',
    ERRORS,
    '## Exit codes',
    table(
      ['code', 'meaning'],
      exitCodes.map(([code, texts]) => [String(code), texts.map((text) => cell(text)).join('; ')]),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

const HEAD = `# The terminal program

<!-- Generated: \`npm run reference -w memory-cli\`. -->

\`memory-cli\` shows, corrects, moves and looks after what the agents learnt, in the same data as the server. Flags may stand before or
behind the command; a group and its alias are the same. In the examples \`EPISODE\`, \`PATTERN\` and \`RECOMMENDATION\` stand for ids, of
which the first 8 characters do, and \`BACKUP\` for a file. What JSON and YAML tell has the field names of the [tools](mcp.md).

Progress and questions appear on a terminal alone, colours also not with \`NO_COLOR\`. Where nobody can be asked, what asks needs
\`--yes\`. Ctrl-C ends a command in order, with nothing half done; a second one ends it at once.`;

const ERRORS = `An error is one line on standard error, \`CODE: what happened and what to do\`, perhaps with a second one, \`hint: …\`. With
\`--format json\` it is one line of JSON, the last one there:

\`\`\`json
{"error":{"code":"NOT_FOUND","message":"There is no episode …","retryable":false}}
\`\`\`

\`hint\` may be there besides; \`retryable\` says that the same command may succeed later.`;

function groupSections(group: Command): readonly string[] {
  const alias = group.alias() ? `, \`${group.alias()}\`` : '';
  const told = [`## ${group.name()}`, `\`${group.name()}\`${alias}: ${cell(group.description())}.`];
  if (group.commands.length === 0) return [...told, ...commandParts(group, group.name())];
  const commands = commandsOf(group, [group.name()]);
  return [
    ...told,
    ...commands.flatMap(({ name, command }) => [
      `### ${name}`,
      `${sentence(cell(command.description()))}`,
      ...commandParts(command, name),
    ]),
  ];
}

function commandParts(command: Command, name: string): readonly string[] {
  const given = command.registeredArguments;
  const examples = examplesOf(command).map((call) => `memory-cli ${call}`);
  return [
    `\`memory-cli ${[name, ...given.map(argumentText), ...(command.options.length > 0 ? ['[options]'] : [])].join(' ')}\``,
    ...(given.length === 0
      ? []
      : [
          table(
            ['argument', 'what it is'],
            given.map((argument) => [`\`${argument.name()}\``, cell(argument.description)]),
          ),
        ]),
    ...(command.options.length === 0 ? [] : [flagTable(command.options)]),
    ...(examples.length === 0 ? [] : [['```sh', ...examples, '```'].join('\n')]),
  ];
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function flagTable(options: readonly Option[]): string {
  return table(
    ['flag', 'what it says', 'values'],
    options.map((option) => [
      `\`${option.flags.replaceAll('|', '\\|')}\`${option.mandatory ? ' (needed)' : ''}`,
      cell(option.description),
      [
        ...(option.argChoices ?? []).map((choice) => `\`${choice}\``),
        ...(option.defaultValue === undefined ? [] : [`default \`${option.defaultValue}\``]),
      ].join(', '),
    ]),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return [headings, headings.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Without what would end a cell, or begin markup. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
