// The command that runs a program in the sandbox.
import { type Command, Option } from 'commander';
import type { EvalOptions } from '../commands/eval.ts';
import { examples, number } from './flags.ts';
import type { Run } from './run.ts';

/** Adds them. */
export function evalCommand(root: Command, run: Run): void {
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
      run(command, async (invocation) => (await import('../commands/eval.ts')).evaluate(invocation, code, options)),
    );
}
