// completion: what makes a shell ask this program, and what it answers then. Silent whatever happens, as somebody is
// typing; nothing but the command tree is needed, unless an id is wanted.
import type { Command } from 'commander';
import { databasePlace, glanceAtMemory, type Invocation } from '../open.ts';
import { cut, onOneLine, writeOut } from '../output.ts';
import type { Shell } from '../shells.ts';
import { type Completion, completionOf, type Word } from './completion-words.ts';

/** Episodes or patterns that are offered. */
const MAX_IDS = 50;
const MAX_COLUMNS = 60;

/** Prints what a shell reads at its start. */
export async function printScript(shell: Shell): Promise<number> {
  await writeOut(SCRIPTS[shell]);
  return 0;
}

/** Prints a line with what else may stand there, then a word a line, with a tabulator and what it means. */
export async function printWords(invocation: Invocation, root: Command, words: readonly string[]): Promise<number> {
  const { kind, found } = await answer(invocation, completionOf(root, words)).catch(() => NOTHING);
  const lines = found.map(({ word, about }) => `${word}\t${cut(onOneLine(about), MAX_COLUMNS)}`);
  await writeOut(`${[kind, ...lines].join('\n')}\n`);
  return 0;
}

interface Answer {
  /** Whether the shell is to offer files or folders besides. */
  readonly kind: 'words' | 'files' | 'folders';
  readonly found: readonly Word[];
}

const NOTHING: Answer = Object.freeze({ kind: 'words', found: [] });

async function answer(invocation: Invocation, { wanted, words, globals, ...rest }: Completion): Promise<Answer> {
  switch (wanted) {
    case 'words':
    case 'files':
    case 'folders':
      return { kind: wanted, found: words };
    case 'episode':
    case 'pattern': {
      const place = { ...invocation, ...globals, warn: () => undefined };
      const ids = await (wanted === 'episode' ? episodes(place, rest.typed) : patterns(place, rest.typed));
      return { kind: 'words', found: [...words, ...ids] };
    }
    case 'kind of task':
      return {
        kind: 'words',
        found: await kindsOfTask({ ...invocation, ...globals, warn: () => undefined }, rest.typed),
      };
    case 'backup':
      // Any other file may be one, too.
      return { kind: 'files', found: await backups({ ...invocation, ...globals }, rest.typed).catch(() => []) };
  }
}

async function episodes(invocation: Invocation, idPrefix: string): Promise<readonly Word[]> {
  const found: Word[] = [];
  await glanceAtMemory(invocation, async (memory) => {
    const filters = { ...(idPrefix === '' ? {} : { idPrefix }), order: 'newest', limit: MAX_IDS } as const;
    for await (const { id, description } of memory.listEpisodes(filters, { signal: invocation.signal })) {
      found.push({ word: id, about: description });
    }
  });
  return found;
}

async function patterns(invocation: Invocation, idPrefix: string): Promise<readonly Word[]> {
  const found: Word[] = [];
  await glanceAtMemory(invocation, async (memory) => {
    for (const { pattern, statement } of await memory.listPatterns({}, { signal: invocation.signal })) {
      if (pattern.id.startsWith(idPrefix)) found.push({ word: pattern.id, about: statement });
    }
  });
  return found.slice(0, MAX_IDS);
}

async function kindsOfTask(invocation: Invocation, idPrefix: string): Promise<readonly Word[]> {
  const found: Word[] = [];
  await glanceAtMemory(invocation, async (memory) => {
    for (const { id, label } of (await memory.listClusters({}, { signal: invocation.signal })).clusters) {
      if (id.startsWith(idPrefix)) found.push({ word: id, about: label });
    }
  });
  return found.slice(0, MAX_IDS);
}

/** Those of the folder of backups, the newest first. */
async function backups(invocation: Invocation, typed: string): Promise<readonly Word[]> {
  const place = await databasePlace(invocation);
  if (place.kind === 'remote') return [];
  const { listBackups } = await import('@episodica/memory-storage-turso');
  return (await listBackups(place.path, { encryptionKey: place.encryptionKey }))
    .filter(({ path }) => path.startsWith(typed))
    .slice(0, MAX_IDS)
    .map(({ path, at }) => ({ word: path, about: at }));
}

const SCRIPTS: Readonly<Record<Shell, string>> = Object.freeze({
  bash: `# What memory-cli completes in bash. It asks the program, so it need not be printed anew after an update.
_memory_cli() {
  local typed="\${COMP_WORDS[COMP_CWORD]}" kind='' line word
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("\${line%%$'\\t'*}"); fi
  done < <("\${1/#'~/'/$HOME/}" completion bash --words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
  case $kind in
    files) kind=-f ;;
    folders) kind=-d ;;
    *) return ;;
  esac
  [[ $typed == = ]] && typed=''
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$kind" -- "$typed")
}
complete -F _memory_cli memory-cli
`,
  zsh: `#compdef memory-cli
# What memory-cli completes in zsh. It asks the program, so it need not be printed anew after an update.
_memory-cli() {
  local -a lines described
  local kind line
  lines=("\${(@f)$("\${words[1]/#'~/'/$HOME/}" completion zsh --words -- "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
  kind=$lines[1]
  shift lines
  for line in $lines; do
    described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#described )) && _describe memory-cli described
  case $kind in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _memory-cli ]]; then
  _memory-cli "$@"
else
  compdef _memory-cli memory-cli
fi
`,
  fish: `# What memory-cli completes in fish. It asks the program, so it need not be printed anew after an update.
function __memory_cli_complete
  set -l before (commandline -opc)
  set -l program (string replace -r '^~/' "$HOME/" -- $before[1])
  set -e before[1]
  set -l typed (commandline -ct)
  set -l lines ($program completion fish --words -- $before "$typed" 2>/dev/null </dev/null)
  set -l kind $lines[1]
  set -e lines[1]
  for line in $lines
    echo $line
  end
  switch "$kind"
    case files
      __fish_complete_path "$typed"
    case folders
      __fish_complete_directories "$typed"
  end
end
complete -c memory-cli -f -a '(__memory_cli_complete)'
`,
});
