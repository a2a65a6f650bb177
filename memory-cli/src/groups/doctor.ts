// The command that finds out why something does not work.
import { Argument, type Command } from 'commander';
import type { ClientName } from '../clients/entry.ts';
import type { DoctorFlags } from '../commands/doctor.ts';
import { between, examples } from './flags.ts';
import type { Run } from './run.ts';

/** Adds it. */
export function doctorCommand(root: Command, run: Run): void {
  root
    .command('doctor')
    .description(
      'start the server as the client does, try all it does in a scratch folder, look at settings, data and machine, ' +
        'and say what to do about each finding',
    )
    .addArgument(
      new Argument('[client]', 'only the entries of this client; without, of all').choices(['claude-code', 'opencode']),
    )
    .option('--server <command>', 'start this instead of what the clients have written down')
    .option('--timeout <seconds>', 'how long one step may take', between(1, 600), 30)
    .addHelpText(
      'after',
      '\nNothing that is stored is changed. If the settings name an embedder on a host, it is sent the word "doctor".',
    )
    .addHelpText('after', examples('doctor', 'doctor claude-code', 'doctor --server "node /path/to/memory-mcp.js"'))
    .action((client: ClientName | undefined, options: DoctorFlags, command: Command) =>
      run(command, async (invocation) => (await import('../commands/doctor.ts')).doctor(invocation, client, options)),
    );
}
