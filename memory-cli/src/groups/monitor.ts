// The commands of what the programs counted.
import { type Command, Option } from 'commander';
import type * as monitorCommands from '../commands/monitor.ts';
import { between, examples } from './flags.ts';
import type { Run } from './run.ts';

const SINCE = '--since <time>';
const SINCE_HELP =
  'how long ago, such as 90m, 24h, 7d or 2w, or a time; looked at are whole hours, and days behind 48 h';

/** Adds them. */
export function monitorGroup(root: Command, run: Run): void {
  const load = () => import('../commands/monitor.ts');
  const group = root
    .command('monitor')
    .alias('mon')
    .description('what servers and commands counted and timed, kept across all of them');
  group
    .command('status')
    .description('all that matters on one screen: store, running servers, calls, errors, latencies')
    .option(SINCE, `${SINCE_HELP} (default: 24h)`)
    .option('--ascii', 'draw bars with ASCII signs, as happens where the terminal has no others')
    .option('--watch', 'draw it anew again and again, until Ctrl-C')
    .option('--interval <seconds>', 'between two looks of a watch, 1-86400 (default: 5)', between(1, 86_400))
    .addHelpText(
      'after',
      examples('monitor status', 'monitor status --since 7d', 'monitor status --watch --interval 2'),
    )
    .action((options: monitorCommands.StatusOptions, command: Command) =>
      run(command, async (invocation) => (await load()).status(invocation, options)),
    );
  group
    .command('metrics')
    .description('every figure: counters, latencies as p50, p95, p99 and max, and what servers stand at now')
    .argument('[figure...]', 'only these figures, such as tool_call or store_operation')
    .option(SINCE, `${SINCE_HELP} (default: all that is kept)`)
    .addOption(
      new Option('--program <program>', 'only what this program counted').choices(['memory-mcp', 'memory-cli']),
    )
    .addHelpText('after', examples('monitor metrics', 'monitor metrics tool_call tool_calls --since 7d'))
    .action((names: readonly string[], options: monitorCommands.MetricsOptions, command: Command) =>
      run(command, async (invocation) => (await load()).metrics(invocation, names, options)),
    );
  group
    .command('export')
    .description(
      'all figures for another program: text that Prometheus reads, or JSON. Into a file, --format is of what is told of it',
    )
    .addOption(
      new Option(
        '--as <kind>',
        'what is written (default: prometheus; to standard output, as --format says where it is given)',
      ).choices(['prometheus', 'json']),
    )
    .option('--output <file>', 'write into this file, as a whole (default: to standard output)')
    .option('--force', 'also where there is such a file already')
    .addHelpText('after', examples('monitor export', 'monitor export --output episodica.prom --force'))
    .action((options: monitorCommands.ExportOptions, command: Command) =>
      run(command, async (invocation) => (await load()).exportFigures(invocation, options)),
    );
}
