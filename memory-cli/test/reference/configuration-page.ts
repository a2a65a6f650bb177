// docs/configuration.md: what the table of settings says, and where files lie on each platform.
import {
  defaultDataDir,
  resolveConfig,
  SETTINGS,
  type Setting,
  settingRule,
  userConfigPath,
} from '@episodica/memory-core/config';

const HEAD = `# Configuration

<!-- Generated: \`npm run reference -w memory-cli\`. -->

The terminal program, the server and the library have one set of settings, and read them from the same places. So they
open the same data, unless somebody tells one of them otherwise. Without any setting everything works, offline.

## Where settings come from

Weakest first; what stands further down overrides what stands above it:

1. **Defaults**: the table below.
2. **Your own file**, \`memory-cli.toml\` (its place is below). \`--config FILE\` reads another in its place.
3. **The project's file**: the nearest \`memory-cli.toml\` from the working folder up to the root of the git repository; outside
   git only that of the folder itself. It may set [few settings](#what-a-project-may-not-set).
4. **The environment**, by the names of the table. A variable that is empty or blank sets nothing.
5. **Flags**: \`--data-dir DIR\` of both programs puts database, cache and all else into that folder, whatever else is set;
   \`--host\` and \`--port\` of \`memory-mcp --http\`.

\`\`\`
memory-cli config show        # each setting, its value, where it comes from and what it overrides; secrets are not shown
memory-cli config validate    # all that is wrong, with file and line; exit code 2 when there is anything
memory-cli config init        # writes your own file, with every setting in it as a comment; --project that of the project
memory-cli config path        # where files, data, cache, backups and logs are; "config path data" prints one for scripts
\`\`\`

In a file names are in lower case, and values are those of [TOML](https://toml.io):

\`\`\`toml
database_url = "libsql://memory-you.turso.io"
turso_auth_token = "…"          # chmod 600 the file
memory_cache_size_mb = 512
\`\`\`

An unknown name or a value that cannot be is refused, by the terminal program with exit code 2, and the message says what may
have been meant. Nothing is stored then, so that nothing lands in the wrong place. A file may have 64 KB.

**Paths**: a relative path in a file begins at the folder of that file, one in the environment or behind a flag at the working
folder. \`~\`, \`$HOME\` and \`%APPDATA%\` are replaced by shells and not here: a path that begins so is refused, as it would become
the name of a folder.

**Secrets** belong into your own file, of mode 600, or into the environment. A file that holds one and that others may read is
warned of. A project's file cannot hold any.

## From a client

A client passes its entry's environment and flags on to the server as they are:

\`\`\`
claude mcp add memory -e MEMORY_DATA_DIR=/data/memory -- node /path/to/episodica/memory-mcp/bin/memory-mcp.js
claude mcp add memory -- node /path/to/episodica/memory-mcp/bin/memory-mcp.js --config /path/to/memory-cli.toml
\`\`\`

What stands in one entry holds for that client's server alone: the terminal program does not see it. What all should share stands
best in your own file.`;

const PROJECT = `## What a project may not set

A project's file comes with somebody's repository: whoever clones it has not read it. So it may set only what neither sends what
is remembered anywhere, nor says where it lies, who may change or see it, or what is told of all that:`;

const LIBRARY = `## From a program of your own

[library.md](library.md) shows how a program reads these settings with \`loadConfig\`.
The library reads no environment by itself. What is handed in counts: with \`environment: {}\` and a \`configFile\` of its own a program
shares nothing with others.`;

/** The whole page. */
export function configurationPage(): string {
  const allowed = SETTINGS.filter((name) => settingRule(name).isProjectSetting).map((name) => `\`${name}\``);
  const others = 'Anything else in it is not taken, and warned of. `config validate` counts it as a mistake.';
  return `${[HEAD, PROJECT, `${allowed.join(', ')}. ${others}`, '## Where files lie', places(), settings(), LIBRARY].join('\n\n')}\n`;
}

/** A platform, and the environment that its folders hang on. */
const PLATFORMS: readonly (readonly [name: string, platform: NodeJS.Platform, environment: Record<string, string>])[] =
  [
    ['Linux', 'linux', {}],
    ['macOS', 'darwin', {}],
    ['Windows', 'win32', { APPDATA: '/%APPDATA%', LOCALAPPDATA: '/%LOCALAPPDATA%' }],
  ];

function places(): string {
  const rows = PLATFORMS.map(([name, platform, environment]) => {
    const machine = { platform, environment, home: '/~' };
    // Only a whole path is taken; what stands for one here begins behind the first sign.
    const shown = (path: string): string =>
      `\`${platform === 'win32' ? path.slice(1).replaceAll('/', '\\') : path.slice(1)}\``;
    return `| ${name} | ${shown(userConfigPath(machine))} | ${shown(defaultDataDir(machine))} |`;
  });
  return [
    ['| platform | your own file | data folder |', '| --- | --- | --- |', ...rows].join('\n'),
    'On Linux `$XDG_CONFIG_HOME` and `$XDG_DATA_HOME` stand in place of `~/.config` and `~/.local/share` where they are set; on macOS\n`$XDG_CONFIG_HOME` for the file. One that is no whole path is not looked at, and a home that is none is refused. The data folder holds `memory.db`, `cache`, `backups`,\n`logs`, `figures` and `mcp-token`, all for its user alone.',
  ].join('\n\n');
}

function settings(): string {
  const rows = SETTINGS.map(
    (name) => `| \`${name}\`${alsoCalled(name)} | ${about(name)} | ${kind(name)} | ${preset(name)} |`,
  );
  return [
    '## Settings',
    "Those marked * may stand in a project's file.",
    ['| setting | what it says | values | default |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

function alsoCalled(name: Setting): string {
  const { otherName, isProjectSetting } = settingRule(name);
  return `${otherName === undefined ? '' : `, \`${otherName}\``}${isProjectSetting === true ? ' *' : ''}`;
}

function about(name: Setting): string {
  const { about: text, page } = settingRule(name);
  return page === undefined ? text : `${text} ([${page}](${page}))`;
}

function kind(name: Setting): string {
  const { choices, range, isSecret, isPath, isUrl } = settingRule(name);
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (range !== undefined) return range.map((end) => end.toLocaleString('en')).join(' to ');
  return isSecret ? 'secret' : isPath ? 'path' : isUrl ? 'URL' : 'text';
}

function preset(name: Setting): string {
  const { presetWords } = settingRule(name);
  if (presetWords !== undefined) return presetWords;
  const { values } = resolveConfig({ environment: {}, platform: 'linux', home: '/home/you' });
  return values[name] === '' ? 'none' : `\`${values[name]}\``;
}
