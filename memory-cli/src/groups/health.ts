// The commands that tell whether everything works.
import type { Command } from 'commander';
import type { WatchFlags } from '../commands/health-watch.ts';
import { VERSION } from '../version.ts';
import { between, examples } from './flags.ts';
import type { Run } from './run.ts';

/** Adds them. */
export function healthGroup(root: Command, run: Run): void {
  const group = root.command('health').alias('hp').description('whether everything works');
  group
    .command('check', { isDefault: true })
    .description("ask store, cache, learning and sandbox; exits with the store's error when it is down")
    .addHelpText('after', examples('health check'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await import('../commands/health.ts')).check(invocation, VERSION)),
    );
  group
    .command('watch')
    .description('look again and again, and tell since when each part is as it is; Ctrl-C ends it')
    .option('--interval <seconds>', 'between two looks, 1-86400', between(1, 86_400), 5)
    .option(
      '--count <n>',
      'end after so many looks, with the exit code of the last',
      between(1, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText('after', '\nIn a pipe: a line for each change; with --format json a line for each look.')
    .addHelpText('after', examples('health watch', 'health watch --interval 60 --format json >> health.jsonl'))
    .action((options: WatchFlags, command: Command) =>
      run(command, async (invocation) => (await import('../commands/health-watch.ts')).watch(invocation, options)),
    );
}
