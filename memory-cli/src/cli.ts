// The command tree: names, flags and their help; which command runs is loaded when it is called. Every way to end
// has its exit code here.
import {
  COMPLEXITIES,
  EXIT_CODES,
  isMemoryError,
  MemoryError,
  OUTCOME_KINDS,
  PATTERN_KINDS,
  STANDINGS,
  TASK_TYPES,
} from '@episodica/memory-core';
import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import type { KeyFlags, PruneFlags, RestoreFlags } from './commands/backup.ts';
import type * as episodeCommands from './commands/episode.ts';
import type { EvalOptions } from './commands/eval.ts';
import type { FilterOptions } from './commands/filter.ts';
import type { ForgetOptions } from './commands/forget.ts';
import type { MoveCommandFlags } from './commands/move.ts';
import type * as patternCommands from './commands/pattern.ts';
import type * as adviceCommands from './commands/pattern-advice.ts';
import type * as clusterCommands from './commands/pattern-clusters.ts';
import type { RekeyFlags } from './commands/rekey.ts';
import type { ImportOptions } from './commands/transfer.ts';
import { INTERNAL_ERROR, PROGRAM_FAILED, SOME_FAILED, TERMINATED } from './exit-codes.ts';
import { IMPORT_FORMATS } from './import-format.ts';
import type { Invocation } from './open.ts';
import { FORMATS, type Format, note, PICTURES, type Picture } from './output.ts';

/** Put in place of the name when the program is bundled. */
declare const PROGRAM_VERSION: string;

/** Runs a task with what the flags before and behind the command say, and keeps its exit code. */
type Run = (command: Command, task: (invocation: Invocation) => Promise<number>) => Promise<void>;

const DEFAULT_LISTED = 20;
const MAX_LISTED = 1_000;
/** As `search` of the library allows. */
const MAX_HITS = 100;

/** Runs the program on the words it was called with; answers its exit code and never throws. */
export async function runCli(signal: AbortSignal): Promise<number> {
  let exitCode = 0;
  const warnings = new Set<string>();
  const run: Run = async (command, task) => {
    const { format: asked, ...globals } = command.optsWithGlobals<GlobalFlags>();
    const picture = PICTURES.find((each) => each === asked);
    if (picture !== undefined && command.name() !== DRAWING) throw notDrawn(picture);
    const format = FORMATS.find((each) => each === asked) ?? 'human';
    exitCode = await task({ ...globals, format, picture, signal, warn: (text) => warnings.add(text) });
  };
  try {
    await program(run).parseAsync();
    for (const text of warnings) note('warning', text);
    return exitCode;
  } catch (error) {
    // What the command failed of has mostly been warned of before.
    const told = isMemoryError(error) ? error.message : undefined;
    for (const text of warnings) if (told === undefined || !text.includes(told)) note('warning', text);
    return toldError(error);
  }
}

interface GlobalFlags {
  readonly format: Format | Picture;
  readonly config?: string;
  readonly dataDir?: string;
}

/** The command that can answer with a picture. */
const DRAWING = 'clusters';

function notDrawn(picture: Picture): MemoryError {
  return new MemoryError(
    'INVALID_INPUT',
    `--format: ${picture} is for "pattern ${DRAWING}" alone; choose from ${FORMATS.join(', ')}.`,
  );
}

function toldError(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Help that stands in for a missing command has said everything.
    if (error.code !== 'commander.help') {
      const [message = '', hint] = error.message.replace(/^error: /u, '').split('\n');
      note('INVALID_INPUT', message);
      if (hint) note('hint', hint.replace(/^\((.*)\)$/u, '$1'));
    }
    return EXIT_CODES.INVALID_INPUT;
  }
  if (isMemoryError(error)) {
    note(error.code, error.message);
    if (error.retryable) note('hint', 'the same command may succeed in a moment');
    return EXIT_CODES[error.code];
  }
  note('INTERNAL', error instanceof Error ? error.message : String(error));
  note('hint', 'this is a mistake of the program; please report it');
  return INTERNAL_ERROR;
}

function program(run: Run): Command {
  const root = new Command('memory-cli')
    .description('Episodic memory of coding agents: what was tried, how it ended, what it taught.')
    .version(PROGRAM_VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addOption(formatOption([...FORMATS, ...PICTURES]))
    .option('--config <file>', "read this file instead of the user's memory-cli.toml")
    .option('--data-dir <dir>', 'folder of everything that is stored')
    .addHelpText('after', `\n${exitCodesText()}`)
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  episodeGroup(root, run);
  patternGroup(root, run);
  storageGroup(root, run);
  backupGroup(root, run);
  evalCommand(root, run);
  healthGroup(root, run);
  configGroup(root, run);
  return root;
}

function formatOption(choices: readonly (Format | Picture)[]): Option {
  return new Option('--format <format>', 'how answers are printed').choices(choices).default('human');
}

/** A command offers the formats that it has. */
function visibleGlobalOptions(command: Command): Option[] {
  const help = Object.assign(new Help(), { showGlobalOptions: true });
  const options = help.visibleGlobalOptions(command);
  if (command.name() === DRAWING) return options;
  return options.map((option) => (option.long === '--format' ? formatOption(FORMATS) : option));
}

function exitCodesText(): string {
  const meanings = new Map<number, string[]>([
    [0, ['done']],
    [SOME_FAILED, ['episode import: some lines could not be read, the rest is imported']],
    [2, ['wrong usage']],
    [PROGRAM_FAILED, ['eval: the program failed']],
    [INTERNAL_ERROR, ['a mistake of this program']],
    [TERMINATED, ['ABORTED by SIGTERM']],
  ]);
  for (const [code, exitCode] of Object.entries(EXIT_CODES)) {
    meanings.set(exitCode, [...(meanings.get(exitCode) ?? []), code]);
  }
  const lines = [...meanings]
    .sort(([a], [b]) => a - b)
    .map(([code, texts]) => `  ${String(code).padEnd(4)} ${texts.join(', ')}`);
  return ['Exit codes:', ...lines].join('\n');
}

function episodeGroup(root: Command, run: Run): void {
  const group = root.command('episode').alias('ep').description('what was tried, one episode an attempt');
  episodeLifecycle(group, run);
  episodeReading(group, run);
  episodeTransfer(group, run);
  episodeForgetting(group, run);
}

function episodeLifecycle(group: Command, run: Run): void {
  const load = () => import('./commands/episode.ts');
  group
    .command('create')
    .description('begin an episode; the answer tells related experience')
    .argument('<description>', 'what is to be done')
    .option(
      '--project <project>',
      'the project it belongs to (default: MEMORY_PROJECT, or the git remote or folder here)',
    )
    .option('--domain <domain>', 'area of work')
    .addOption(new Option('--type <type>', 'type of task').choices(TASK_TYPES))
    .option('--language <language>', 'programming language')
    .option('--framework <framework>', 'framework')
    .addOption(new Option('--complexity <complexity>', 'how hard it looks').choices(COMPLEXITIES))
    .option('--tag <tag...>', 'tags; repeatable')
    .option('--meta <key=value...>', 'metadata; repeatable')
    .action((description: string, options: episodeCommands.CreateOptions, command: Command) =>
      run(command, async (invocation) => (await load()).create(invocation, description, options)),
    );
  group
    .command('step')
    .description('append a step to an open episode; on an error, the answer tells known fixes')
    .argument('<id>', EPISODE)
    .requiredOption('--tool <tool>', 'tool or command that was used')
    .requiredOption('--action <action>', 'what was done with it')
    .option('--params <json>', 'its parameters, a JSON object')
    .addOption(
      new Option('--result <result>', 'how it went').choices(['success', 'error', 'timeout']).default('success'),
    )
    .option('--output <text>', 'output of a success')
    .option('--message <text>', 'text of an error or a timeout')
    .option('--latency-ms <n>', 'how long it took', number)
    .option('--tokens <n>', 'tokens it used', number)
    .option('--key <key>', 'your own key: the same step again is stored once')
    .action((id: string, options: episodeCommands.StepOptions, command: Command) =>
      run(command, async (invocation) => (await load()).step(invocation, id, options)),
    );
  group
    .command('complete')
    .description('end an episode; the answer tells reward, reflection and quality')
    .argument('<id>', EPISODE)
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(OUTCOME_KINDS).makeOptionMandatory())
    .option('--verdict <text>', 'success, partial: what was reached')
    .option('--artifact <artifact...>', 'success: what was made; repeatable')
    .option('--completed <item...>', 'partial: what is done; repeatable')
    .option('--failed <item...>', 'partial: what is not; repeatable')
    .option('--reason <text>', 'failure, abstained: why')
    .option('--details <text>', 'failure: more about it')
    .action((id: string, options: episodeCommands.CompleteOptions, command: Command) =>
      run(command, async (invocation) => (await load()).complete(invocation, id, options)),
    );
}

const EPISODE = 'the episode: its id, or as much of its beginning as tells it from others, 8 characters at least';
const HERE = 'this project (MEMORY_PROJECT, or the git remote or folder here) and what belongs to none';

function episodeReading(group: Command, run: Run): void {
  const load = () => import('./commands/episode.ts');
  const list = group.command('list').description(`list episodes, newest first. Looks at ${HERE}`);
  withListFilters(list)
    .option('--limit <n>', `at most this many, 1-${MAX_LISTED}`, between(1, MAX_LISTED), DEFAULT_LISTED)
    .option('--after <cursor>', 'go on behind the next_cursor of a listing')
    .action((options: episodeCommands.ListOptions, command: Command) =>
      run(command, async (invocation) => (await load()).list(invocation, options)),
    );
  group
    .command('view')
    .description('show an episode with its steps')
    .argument('<id>', EPISODE)
    .option('--fields <fields>', 'only these fields, by comma, such as status,outcome,steps')
    .action((id: string, options: { readonly fields?: string }, command: Command) =>
      run(command, async (invocation) => (await load()).view(invocation, id, options)),
    );
  const search = group
    .command('search')
    .description(`search episodes and patterns. Looks at ${HERE}`)
    .argument('[query]', 'task, question or error text; may be left out when a filter is given');
  withFilters(search)
    .option('--file <file...>', 'file that you work on: ranks what is near, and hides nothing; repeatable')
    .option('--language <language>', 'programming language, ranks as --file does')
    .option('--framework <framework>', 'framework, ranks as --file does')
    .option('--limit <n>', `hits of each kind, 1-${MAX_HITS} (default: 10)`, between(1, MAX_HITS))
    .option('--max-tokens <n>', 'size of the answer, 50-100000 (default: 2000)', between(50, 100_000))
    .addOption(
      new Option('--detail <detail>', 'how much of each hit (default: summary)').choices(['ids', 'summary', 'full']),
    )
    .action((query: string | undefined, options: episodeCommands.SearchOptions, command: Command) =>
      run(command, async (invocation) => (await load()).search(invocation, query, options)),
    );
  group
    .command('tag')
    .description('add tags to an episode')
    .argument('<id>', EPISODE)
    .argument('[tags...]', 'tags')
    .option('--remove', 'take these tags away instead')
    .option('--set', 'replace all tags by these')
    .action((id: string, tags: readonly string[], options: episodeCommands.TagOptions, command: Command) =>
      run(command, async (invocation) => (await load()).tag(invocation, id, tags, options)),
    );
}

function episodeTransfer(group: Command, run: Run): void {
  const load = () => import('./commands/transfer.ts');
  group
    .command('import')
    .description('store episodes from files; those that are known already are left alone')
    .argument(
      '<files...>',
      'files, or - for standard input: JSON lines, sessions of Claude Code, trajectories of SWE-agent, or results of ' +
        'tau-bench. A folder stands for the sessions and trajectories below it, such as ~/.claude/projects',
    )
    .addOption(new Option('--from <format>', 'format (default: guessed from the content)').choices(IMPORT_FORMATS))
    .option('--domain <domain>', 'tau-bench: the domain (default: airline or retail, if the name of the file says so)')
    .option(
      '--project <project>',
      'for records that name no project, and for sessions (default: every project; of a session, that of its folder)',
    )
    .option('--force', 'bring back what was forgotten')
    .action((files: readonly string[], options: ImportOptions, command: Command) =>
      run(command, async (invocation) => (await load()).importFiles(invocation, files, options)),
    );
  const exported = group
    .command('export')
    .description('write episodes as JSON lines, oldest first. Takes everything unless a filter narrows it')
    .argument('[file]', 'replaced as a whole when all is written (default: standard output)');
  withListFilters(exported)
    .option('--limit <n>', 'at most this many', between(1, Number.MAX_SAFE_INTEGER))
    .action((file: string | undefined, options: FilterOptions, command: Command) =>
      run(command, async (invocation) => (await load()).exportTo(invocation, file, options)),
    );
}

function episodeForgetting(group: Command, run: Run): void {
  group
    .command('forget')
    .description('take episodes out for good, with all that came of them, in one commit. What is given must all hold')
    .argument(
      '[ids...]',
      'episodes: their ids, or as much of their beginnings as tells them from others, 8 characters at least',
    )
    .option('--project <project>', 'all of that project, and of no other')
    .option('--agent <agent>', 'recorded by that agent')
    .option('--session <session>', 'recorded in that session of a client')
    .option('--captured-from <source>', 'captured so, such as mcp, cli or import:tau-bench')
    .option('--before <time>', 'started before, such as 2026-01-31 or 2026-01-31T08:00:00Z')
    .option(
      '--secure',
      'leave nothing of it in the file, its log and the caches; takes as long as writing the store anew',
    )
    .option('--dry-run', 'tell what would go, and change nothing')
    .option('--yes', 'do not ask')
    .action((ids: readonly string[], options: ForgetOptions, command: Command) =>
      run(command, async (invocation) => (await import('./commands/forget.ts')).forget(invocation, ids, options)),
    );
}

/** Filters of every command that looks for episodes. */
function withFilters(command: Command): Command {
  return command
    .option('--project <project>', 'that project and what belongs to none')
    .option('--all-projects', 'look at every project')
    .option('--domain <domain>', 'area of work')
    .addOption(new Option('--type <type>', 'type of task').choices(TASK_TYPES))
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(OUTCOME_KINDS))
    .option('--tag <tag...>', 'has all of these tags; repeatable')
    .option('--since <time>', 'started at or after, such as 2026-01-31 or 2026-01-31T08:00:00Z')
    .option('--until <time>', 'started before');
}

function withListFilters(command: Command): Command {
  return withFilters(command)
    .addOption(new Option('--status <status>', 'open or completed').choices(['open', 'completed']))
    .option('--any-tag <tag...>', 'has one of these tags; repeatable');
}

function patternGroup(root: Command, run: Run): void {
  const group = root.command('pattern').alias('pat').description('what many episodes have in common');
  patternReading(group, run);
  patternAdvice(group, run);
  patternLearning(group, run);
}

function patternReading(group: Command, run: Run): void {
  const load = () => import('./commands/pattern.ts');
  withPlace(group.command('list').description(`list patterns, the confirmed first. Looks at ${HERE}`))
    .addOption(new Option('--kind <kind>', 'only this kind').choices(PATTERN_KINDS))
    .addOption(new Option('--standing <standing>', 'only what stands so').choices(STANDINGS))
    .option('--all', 'also what has faded')
    .option('--limit <n>', 'at most this many (default: all)', between(1, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', examples('pattern list', 'pattern list --kind error_recovery --standing confirmed'))
    .action((options: patternCommands.ListOptions, command: Command) =>
      run(command, async (invocation) => (await load()).list(invocation, options)),
    );
  group
    .command('view')
    .description('show a pattern with its figures, the episodes for and against it, and its history')
    .argument('<id>', PATTERN)
    .option(
      '--evidence <n>',
      'at most so many of the newest episodes for it, and as many against (default: 20; json, yaml: all that are kept)',
      between(1, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText('after', examples('pattern view 3f0c9a12', 'pattern view 3f0c9a12 --evidence 200'))
    .action((id: string, options: patternCommands.ViewOptions, command: Command) =>
      run(command, async (invocation) => (await load()).view(invocation, id, options)),
    );
  withPlace(group.command('search').description(`search patterns by what they say. Looks at ${HERE}`))
    .argument('<query>', 'task, question or error text')
    .option('--limit <n>', `at most this many, 1-${MAX_HITS} (default: 10)`, between(1, MAX_HITS))
    .addHelpText('after', examples('pattern search "cannot find module"'))
    .action((query: string, options: patternCommands.SearchOptions, command: Command) =>
      run(command, async (invocation) => (await load()).search(invocation, query, options)),
    );
}

function patternAdvice(group: Command, run: Run): void {
  const load = () => import('./commands/pattern-advice.ts');
  withTask(group.command('recommend').description('what is known about such tasks, kept so that feedback can name it'))
    .addHelpText('after', examples('pattern recommend "fix the login redirect" --language typescript'))
    .action((task: string, options: adviceCommands.TaskOptions, command: Command) =>
      run(command, async (invocation) => (await load()).recommend(invocation, task, options)),
    );
  withTask(group.command('playbook').description('how to go about a task: steps in order, warnings, fit and risk'))
    .addHelpText('after', examples('pattern playbook "fix the login redirect" --file src/login.ts'))
    .action((task: string, options: adviceCommands.TaskOptions, command: Command) =>
      run(command, async (invocation) => (await load()).playbook(invocation, task, options)),
    );
  group
    .command('feedback')
    .description('tell what came of a recommendation. What is not named was ignored, which harms nothing')
    .argument('<recommendation>', 'the id that recommend or playbook told')
    .option('--applied <id...>', 'episodes and patterns that were followed; repeatable')
    .option('--ignored <id...>', 'looked at and left; repeatable')
    .option('--helped <id...>', 'followed, and did good however it ended; repeatable')
    .option('--hindered <id...>', 'followed, and did harm however it ended; repeatable')
    .addOption(
      new Option('--outcome <outcome>', 'how the task ended (default: as its episode did)').choices([
        'success',
        'failure',
      ]),
    )
    .option('--episode <id>', 'the episode of the task, where the recommendation was not asked for it')
    .option('--note <text>', 'what else there is to say')
    .addHelpText('after', examples('pattern feedback RECOMMENDATION --applied PATTERN --outcome success'))
    .action((id: string, options: adviceCommands.FeedbackOptions, command: Command) =>
      run(command, async (invocation) => (await load()).feedback(invocation, id, options)),
    );
}

function patternLearning(group: Command, run: Run): void {
  group
    .command('extract')
    .description('learn now from what has ended, and tell what that changed; it happens by itself as well')
    .option('--dry-run', 'tell how many episodes wait to be learnt from')
    .addHelpText('after', examples('pattern extract'))
    .action((options: { readonly dryRun?: boolean }, command: Command) =>
      run(command, async (invocation) => (await import('./commands/pattern-extract.ts')).extract(invocation, options)),
    );
  withPlace(group.command(DRAWING).description(`show the kinds of task. Looks at ${HERE}`))
    .argument('[id]', 'only this one, with its episodes: its id, or the beginning of it')
    .option('--members', 'with the episodes of each')
    .option('--output <file>', 'write into this file, as a whole')
    .option('--force', 'also where there is such a file already')
    .option('--dry-run', 'tell what would be written')
    .addHelpText('after', `\n--format ${PICTURES.join('|')}: a picture, or a page that needs no network.`)
    .addHelpText('after', examples('pattern clusters', 'pattern clusters --format html --output kinds.html'))
    .action((id: string | undefined, options: clusterCommands.ClustersOptions, command: Command) =>
      run(command, async (invocation) =>
        (await import('./commands/pattern-clusters.ts')).clusters(invocation, id, options),
      ),
    );
}

const PATTERN = 'the pattern: its id, or as much of its beginning as tells it from others, 8 characters at least';

function withPlace(command: Command): Command {
  return command
    .option('--project <project>', 'that project and what belongs to none')
    .option('--all-projects', 'look at every project')
    .option('--domain <domain>', 'area of work');
}

/** What describes a task: it ranks, and hides nothing but what is of another domain. */
function withTask(command: Command): Command {
  return command
    .argument('<task>', 'what is to be done')
    .option('--project <project>', 'the project it belongs to (default: the project here)')
    .option('--domain <domain>', 'area of work; what is of another is left out')
    .addOption(new Option('--type <type>', 'type of task').choices(TASK_TYPES))
    .option('--language <language>', 'programming language')
    .option('--framework <framework>', 'framework')
    .option('--file <file...>', 'file that is worked on; repeatable')
    .option('--episode <id>', 'the open episode of the task: its outcome then counts as feedback')
    .option('--limit <n>', `hits of each kind, 1-${MAX_HITS} (default: 5)`, between(1, MAX_HITS));
}

function examples(...lines: readonly string[]): string {
  return ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  memory-cli ${line}`)].join('\n');
}

function storageGroup(root: Command, run: Run): void {
  const load = () => import('./commands/storage.ts');
  const group = root.command('storage').alias('st').description('the store itself');
  group
    .command('stats')
    .description('path, sizes and counts of the store')
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).stats(invocation)),
    );
  group
    .command('sync')
    .description(
      `bring a replica up to its database (TURSO_SYNC_URL); any other store: exit code ${EXIT_CODES.NOT_SUPPORTED}`,
    )
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).sync(invocation)),
    );
  group
    .command('vacuum')
    .description('give back what deleted things took; others can read meanwhile')
    .option('--dry-run', 'tell how much that is')
    .action((options: { readonly dryRun?: boolean }, command: Command) =>
      run(command, async (invocation) => (await load()).vacuum(invocation, options)),
    );
  group
    .command('health')
    .description("try to read and write, look at disk and backups; exits with the store's error when it is down")
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).health(invocation)),
    );
  group
    .command('verify')
    .description(`check the store for damage; exit code ${EXIT_CODES.STORE_CORRUPT} when there is any`)
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).verify(invocation)),
    );
  group
    .command('repair')
    .description('make damaged indexes anew, and check the store')
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).repair(invocation)),
    );
  group
    .command('erase-deleted')
    .description('leave nothing of what was deleted in the file, its log and the caches')
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await import('./commands/erase.ts')).erase(invocation)),
    );
  storageMigrate(group, run);
}

function storageMigrate(group: Command, run: Run): void {
  group
    .command('migrate')
    .description('bring the schema up to date, as every opening does; with --to, copy the store to another place')
    .option('--to <url>', 'copy all of it to where there is nothing yet: file:///folder/memory.db, libsql://host')
    .option('--to-token-file <file>', 'token of that host, a file of mode 600 (default: TURSO_AUTH_TOKEN)')
    .option('--from <url>', 'copy this store (default: the one of the settings); it is only read')
    .option('--from-token-file <file>', 'token of that host, a file of mode 600 (default: TURSO_AUTH_TOKEN)')
    .option('--anew', 'throw away what an earlier copy has left unfinished, instead of going on with it')
    .option('--dry-run', 'tell what would be copied, and change nothing')
    .option('--yes', 'do not ask')
    .action((options: Partial<MoveCommandFlags>, command: Command) =>
      run(command, async (invocation) => {
        const { to, ...others } = options;
        if (to !== undefined) return (await import('./commands/move.ts')).move(invocation, { ...others, to });
        if (Object.keys(others).length === 0) return (await import('./commands/storage.ts')).migrate(invocation);
        throw new MemoryError('INVALID_INPUT', '--to: is missing; it says where the store is to be copied.');
      }),
    );
  storageKey(group, run);
}

function storageKey(group: Command, run: Run): void {
  group
    .command('rekey')
    .description('encrypt the store, with another key than before or for the first time; all of it is written anew')
    .option(
      '--new-key-file <file>',
      'a file with the new key (default: MEMORY_NEW_ENCRYPTION_KEY, else the key that is set)',
    )
    .option('--remove', 'take the key away: the store lies there in plain text then')
    .option('--delete-old-copies', 'delete backups and other copies that do not have the new key')
    .option('--dry-run', 'tell which copies those are, and change nothing')
    .option('--yes', 'do not ask')
    .action((options: RekeyFlags, command: Command) =>
      run(command, async (invocation) => (await import('./commands/rekey.ts')).rekey(invocation, options)),
    );
}

function backupGroup(root: Command, run: Run): void {
  const load = () => import('./commands/backup.ts');
  const group = root.command('backup').alias('bak').description('copies of the store, and the way back');
  group
    .command('create')
    .description('keep all that is stored in one verified file, while others read and write')
    .argument('[file]', 'a new file (default: in the folder backups beside the database, named after the time)')
    .action((file: string | undefined, _options: object, command: Command) =>
      run(command, async (invocation) => (await load()).create(invocation, file)),
    );
  group
    .command('list')
    .description('list the folder of backups, newest first')
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).list(invocation)),
    );
  group
    .command('verify')
    .description(`read a backup from end to end; exit code ${EXIT_CODES.STORE_CORRUPT} when it is not whole`)
    .argument('<file>', 'a backup, or any copy of a store; it is not changed')
    .option('--key-file <file>', 'a file with the key of the backup, if it is not that of the store')
    .action((file: string, options: KeyFlags, command: Command) =>
      run(command, async (invocation) => (await load()).verify(invocation, file, options)),
    );
  group
    .command('restore')
    .description('put a backup in the place of the store in use. What was forgotten since stays forgotten')
    .argument('<file>', 'a backup; it is verified first, and stays')
    .option('--key-file <file>', 'a file with the key of the backup, if it is not that of the store')
    .option('--force', 'also where there is data, which is kept under another name')
    .option('--yes', 'do not ask before data is replaced')
    .option('--with-forgotten', 'bring back episodes that were forgotten since the backup')
    .option('--dry-run', 'look at both ends and change nothing')
    .action((file: string, options: RestoreFlags, command: Command) =>
      run(command, async (invocation) => (await load()).restore(invocation, file, options)),
    );
  group
    .command('prune')
    .description('delete old backups: those past every limit that is given. The newest good one always stays')
    .option('--keep <n>', 'the newest that stay', between(0, Number.MAX_SAFE_INTEGER))
    .option('--older-than <days>', 'only those made longer ago', number)
    .option('--dry-run', 'tell what would go')
    .option('--yes', 'do not ask')
    .action((options: PruneFlags, command: Command) =>
      run(command, async (invocation) => (await load()).prune(invocation, options)),
    );
}

function evalCommand(root: Command, run: Run): void {
  root
    .command('eval')
    .alias('ev')
    .description(
      'run a program in the sandbox, with the memory at hand; its result is its last expression, return or default export',
    )
    .argument('[code]', 'the program, or - for standard input')
    .option('--file <file>', 'read the program from a file')
    .option('--typescript', 'the program is TypeScript')
    .addOption(
      new Option('--language <language>', 'language (default: by the name of the file, or whichever it is)').choices([
        'javascript',
        'typescript',
      ]),
    )
    .option('--input <json>', 'JSON that the program sees as input')
    .option('--input-file <file>', 'read that JSON from a file, or - for standard input')
    .option('--timeout-ms <n>', 'time limit; what is not within 1-60000 is clamped (default: 5000)', number)
    .option('--memory-mb <n>', 'memory limit; what is not within 24-256 is clamped (default: 64)', number)
    .option('--allow-writes', 'the program may also create, continue and complete episodes (SANDBOX_ALLOW_WRITES)')
    .option('--types', 'print what a program can use, as TypeScript declarations, and run nothing')
    .option('--verbose', 'tell every call of the memory, and what the run took')
    .addHelpText(
      'after',
      examples(
        `eval '(await memory.aggregate({ group_by: "domain" })).groups'`,
        `eval 'await memory.search(input)' --input '"cannot find module"'`,
      ),
    )
    .action((code: string | undefined, options: EvalOptions, command: Command) =>
      run(command, async (invocation) => (await import('./commands/eval.ts')).evaluate(invocation, code, options)),
    );
}

function healthGroup(root: Command, run: Run): void {
  const group = root.command('health').alias('hp').description('whether everything works');
  group
    .command('check', { isDefault: true })
    .description("ask store, cache, learning and sandbox; exits with the store's error when it is down")
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await import('./commands/health.ts')).check(invocation, PROGRAM_VERSION)),
    );
}

function configGroup(root: Command, run: Run): void {
  const group = root.command('config').alias('cfg').description('settings');
  group
    .command('show')
    .description('every setting, its value and where it comes from')
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await import('./commands/config.ts')).show(invocation)),
    );
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number from 0.');
  return value;
}

function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/u.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `Give a whole number from ${min}.`
        : `Give a whole number from ${min} to ${max}.`,
    );
  };
}
