// The command that completes what is typed in a shell.
import { Argument, type Command, Option } from 'commander';
import { SHELLS, type Shell } from '../shells.ts';
import type { Run } from './run.ts';

const INSTALLATION = `
To use it:
  bash  memory-cli completion bash > ~/.local/share/bash-completion/completions/memory-cli
        without the package bash-completion, in ~/.bashrc: source <(memory-cli completion bash)
  zsh   memory-cli completion zsh > "\${fpath[1]}/_memory-cli"
        in ~/.zshrc, behind compinit: source <(memory-cli completion zsh)
  fish  memory-cli completion fish > ~/.config/fish/completions/memory-cli.fish

Example:
  memory-cli completion bash`;

/** Adds it. */
export function completionCommand(root: Command, run: Run): void {
  root
    .command('completion')
    .description('print what makes a shell complete commands, flags, their values and ids with the tabulator key')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    // What is printed asks with it, and with the words as far as they are typed.
    .allowExcessArguments()
    .addOption(new Option('--words', 'tell what may come next').hideHelp())
    .addHelpText('after', INSTALLATION)
    .action((shell: Shell, options: { readonly words?: boolean }, command: Command) =>
      run(command, async (invocation) => {
        const { printScript, printWords } = await import('../commands/completion.ts');
        const [, ...words] = command.args;
        return options.words === true ? printWords(invocation, root, words) : printScript(shell);
      }),
    );
}
