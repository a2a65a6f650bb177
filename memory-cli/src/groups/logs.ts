// The commands that read the log of the programs.
import { type Command, Option } from 'commander';
import type { SearchOptions, StatsOptions, TailOptions } from '../commands/logs.ts';
import { between, examples, MOMENT } from './flags.ts';
import type { Run } from './run.ts';

const MAX_LINES = 10_000;
const LEVELS = ['debug', 'info', 'warn', 'error'];
const STREAMED = '\n--format json prints one record a line, as it was written; yaml one document each.';

/** Adds them. */
export function logsGroup(root: Command, run: Run): void {
  const group = root.command('logs').alias('log').description('what server and terminal program logged');
  withRecordFilter(group.command('tail', { isDefault: true }).description('the newest lines, the newest last'))
    .option('-n, --limit <n>', `how many, 0-${MAX_LINES}`, between(0, MAX_LINES), 20)
    .option('-f, --follow', 'then show what is logged from now on, until interrupted')
    .addHelpText(
      'after',
      STREAMED + examples('logs tail -n 50 --level warn', 'logs tail --follow --program memory-mcp'),
    )
    .action((options: TailOptions, command: Command) =>
      run(command, async (invocation) => (await import('../commands/logs.ts')).tail(invocation, options)),
    );
  withRecordFilter(group.command('search').description('lines that fit, the newest last'))
    .argument('[text]', 'what a message or a field holds, in whichever case')
    .option('--request <id>', 'logged during this request or command')
    .option('--tool <tool>', 'about calls of this tool')
    .option('--since <time>', `logged at or after, ${MOMENT}`)
    .option('--until <time>', 'logged before')
    .option('-n, --limit <n>', `how many of the newest, 1-${MAX_LINES}`, between(1, MAX_LINES), 100)
    .addHelpText('after', STREAMED + examples('logs search --request k3x09a1z', 'logs search unavailable --since 2d'))
    .action((text: string | undefined, options: SearchOptions, command: Command) =>
      run(command, async (invocation) => (await import('../commands/logs.ts')).search(invocation, text, options)),
    );
  group
    .command('stats')
    .description('lines by level, program and message, calls of tools with their times, and what was lost')
    .option('--since <time>', `logged at or after, ${MOMENT}`)
    .addHelpText('after', examples('logs stats --since 7d'))
    .action((options: StatsOptions, command: Command) =>
      run(command, async (invocation) => (await import('../commands/logs.ts')).stats(invocation, options)),
    );
}

function withRecordFilter(command: Command): Command {
  return command
    .addOption(new Option('--level <level>', 'of this level and above').choices(LEVELS))
    .option('--program <program>', 'written by memory-mcp, or by memory-cli');
}
