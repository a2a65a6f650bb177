// The commands of patterns, kinds of task and what is recommended.
import { PATTERN_KINDS, STANDINGS } from '@episodica/memory-core';
import { type Command, Option } from 'commander';
import type * as patternCommands from '../commands/pattern.ts';
import type * as adviceCommands from '../commands/pattern-advice.ts';
import type * as clusterCommands from '../commands/pattern-clusters.ts';
import { PICTURES } from '../output.ts';
import { between, examples, HERE, MAX_HITS, withPlace, withTask } from './flags.ts';
import type { Run } from './run.ts';

/** Adds them. */
export function patternGroup(root: Command, run: Run): void {
  const group = root.command('pattern').alias('pat').description('what many episodes have in common');
  patternReading(group, run);
  patternAdvice(group, run);
  patternLearning(group, run);
}

const PATTERN = 'the pattern: its id, or as much of its beginning as tells it from others, 8 characters at least';

/** The command that can answer with a picture. */
export const DRAWING = 'clusters';

function patternReading(group: Command, run: Run): void {
  const load = () => import('../commands/pattern.ts');
  withPlace(group.command('list').description(`list patterns, the confirmed first. Looks at ${HERE}`))
    .addOption(new Option('--kind <kind>', 'only this kind').choices(PATTERN_KINDS))
    .addOption(new Option('--standing <standing>', 'only what stands so').choices(STANDINGS))
    .option('--all', 'also what has faded')
    .option(
      '--limit <n>',
      'at most this many, the most telling of each standing first (default: 20; json, yaml: all)',
      between(1, Number.MAX_SAFE_INTEGER),
    )
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
    .addHelpText('after', examples('pattern view PATTERN', 'pattern view PATTERN --evidence 200'))
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
  const load = () => import('../commands/pattern-advice.ts');
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
      run(command, async (invocation) => (await import('../commands/pattern-extract.ts')).extract(invocation, options)),
    );
  withPlace(group.command(DRAWING).description(`show the kinds of task. Looks at ${HERE}`))
    .argument('[id]', 'the kind of task, with its episodes: its id, or the beginning of it')
    .option('--members', 'with the episodes of each')
    .option('--output <file>', 'write into this file, as a whole')
    .option('--force', 'also where there is such a file already')
    .option('--dry-run', 'tell what would be written')
    .addHelpText('after', `\n--format ${PICTURES.join('|')}: a picture, or a page that needs no network.`)
    .addHelpText('after', examples('pattern clusters', 'pattern clusters --format html --output kinds.html'))
    .action((id: string | undefined, options: clusterCommands.ClustersOptions, command: Command) =>
      run(command, async (invocation) =>
        (await import('../commands/pattern-clusters.ts')).clusters(invocation, id, options),
      ),
    );
}
