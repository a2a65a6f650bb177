// The commands of episodes.
import { COMPLEXITIES, OUTCOME_KINDS, TASK_TYPES } from '@episodica/memory-core';
import { type Command, Option } from 'commander';
import type * as episodeCommands from '../commands/episode.ts';
import type * as readingCommands from '../commands/episode-reading.ts';
import type * as timelineCommand from '../commands/episode-timeline.ts';
import type { FilterOptions } from '../commands/filter.ts';
import type { ForgetOptions } from '../commands/forget.ts';
import type { ImportOptions } from '../commands/transfer.ts';
import { IMPORT_FORMATS } from '../import-format.ts';
import { between, EPISODE, examples, HERE, MAX_HITS, MOMENT, number, withFilters, withListFilters } from './flags.ts';
import type { Run } from './run.ts';

/** Adds them. */
export function episodeGroup(root: Command, run: Run): void {
  const group = root.command('episode').alias('ep').description('what was tried, one episode an attempt');
  episodeLifecycle(group, run);
  episodeReading(group, run);
  episodeCorrecting(group, run);
  episodeTransfer(group, run);
  episodeForgetting(group, run);
}

const DEFAULT_LISTED = 20;

const MAX_LISTED = 1_000;

function episodeLifecycle(group: Command, run: Run): void {
  const load = () => import('../commands/episode.ts');
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
    .addHelpText('after', examples('episode create "Fix the login redirect" --type debugging --tag auth'))
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
    .addHelpText(
      'after',
      examples(
        'episode step EPISODE --tool bash --action "npm test" --latency-ms 5200',
        'episode step EPISODE --tool bash --action "npm test" --result error --message "TypeError: x is not a function"',
      ),
    )
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
    .addHelpText(
      'after',
      examples('episode complete EPISODE --outcome success --verdict "users come back to their page"'),
    )
    .action((id: string, options: episodeCommands.CompleteOptions, command: Command) =>
      run(command, async (invocation) => (await load()).complete(invocation, id, options)),
    );
}

function episodeReading(group: Command, run: Run): void {
  const load = () => import('../commands/episode-reading.ts');
  const list = group.command('list').description(`list episodes, newest first. Looks at ${HERE}`);
  withListFilters(list)
    .option('--limit <n>', `at most this many, 1-${MAX_LISTED}`, between(1, MAX_LISTED), DEFAULT_LISTED)
    .option('--after <cursor>', 'go on behind the next_cursor of a listing')
    .addHelpText(
      'after',
      examples('episode list --outcome failure --since 7d', 'episode list --tag auth --format json'),
    )
    .action((options: readingCommands.ListOptions, command: Command) =>
      run(command, async (invocation) => (await load()).list(invocation, options)),
    );
  group
    .command('view')
    .description('show an episode with its steps')
    .argument('<id>', EPISODE)
    .option('--fields <fields>', 'only these fields, by comma, such as status,outcome,steps')
    .addHelpText('after', examples('episode view EPISODE', 'episode view EPISODE --fields outcome,steps --format yaml'))
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
    .addHelpText(
      'after',
      examples(
        'episode search "cannot find module"',
        'episode search "login redirect" --file src/login.ts --outcome success',
      ),
    )
    .action((query: string | undefined, options: episodeCommands.SearchOptions, command: Command) =>
      run(command, async (invocation) => (await import('../commands/episode.ts')).search(invocation, query, options)),
    );
  group
    .command('timeline')
    .description('show what happened when: a line for each step, with pauses, errors and what made them good')
    .argument('<id>', EPISODE)
    .option('--all', 'each step, also of very many')
    .addHelpText('after', examples('episode timeline EPISODE'))
    .action((id: string, options: Parameters<typeof timelineCommand.timeline>[2], command: Command) =>
      run(command, async (invocation) =>
        (await import('../commands/episode-timeline.ts')).timeline(invocation, id, options),
      ),
    );
}

function episodeCorrecting(group: Command, run: Run): void {
  const load = () => import('../commands/episode.ts');
  group
    .command('update')
    .description(
      'correct what is said of an episode. Steps, outcome and place are history, and stay; tags: episode tag',
    )
    .argument('<id>', EPISODE)
    .option('--description <text>', 'what was to be done')
    .option('--meta <key=value...>', 'metadata to put in, beside what is there; repeatable')
    .option('--unset <key...>', 'metadata to take out; repeatable')
    .addHelpText('after', examples('episode update EPISODE --description "Fix the login redirect" --meta ticket=A-17'))
    .action((id: string, options: episodeCommands.UpdateOptions, command: Command) =>
      run(command, async (invocation) => (await load()).update(invocation, id, options)),
    );
  group
    .command('tag')
    .description('add tags to an episode')
    .argument('<id>', EPISODE)
    .argument('[tag...]', 'tags')
    .option('--remove', 'take these tags away instead')
    .option('--set', 'replace all tags by these')
    .addHelpText('after', examples('episode tag EPISODE auth login', 'episode tag EPISODE auth --remove'))
    .action((id: string, tags: readonly string[], options: episodeCommands.TagOptions, command: Command) =>
      run(command, async (invocation) => (await import('../commands/episode.ts')).tag(invocation, id, tags, options)),
    );
}

function episodeTransfer(group: Command, run: Run): void {
  const load = () => import('../commands/transfer.ts');
  group
    .command('import')
    .description('store episodes from files; those that are known already are left alone')
    .argument(
      '<file...>',
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
    .addHelpText('after', examples('episode import episodes.jsonl'))
    .action((files: readonly string[], options: ImportOptions, command: Command) =>
      run(command, async (invocation) => (await load()).importFiles(invocation, files, options)),
    );
  const exported = group
    .command('export')
    .description('write episodes as JSON lines, oldest first. Takes everything unless a filter narrows it')
    .argument('[file]', 'replaced as a whole when all is written (default: standard output)');
  withListFilters(exported)
    .option('--limit <n>', 'at most this many', between(1, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', examples('episode export episodes.jsonl', 'episode export --tag auth'))
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
    .option('--before <time>', `started before, ${MOMENT}`)
    .option(
      '--secure',
      'leave nothing of it in the file, its log and the caches; takes as long as writing the store anew',
    )
    .option('--dry-run', 'tell what would go, and change nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('episode forget EPISODE --dry-run', 'episode forget --project old-project --yes'))
    .action((ids: readonly string[], options: ForgetOptions, command: Command) =>
      run(command, async (invocation) => (await import('../commands/forget.ts')).forget(invocation, ids, options)),
    );
}
