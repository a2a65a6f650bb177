// config init: a file to fill in, in which nothing is set yet.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { makePrivateFolder } from '@episodica/memory-core';
import {
  examineConfig,
  resolveConfig,
  SETTINGS,
  type Setting,
  type Surroundings,
  settingRule,
} from '@episodica/memory-core/config';
import { type Invocation, surroundingsOf } from '../open.ts';
import { print } from '../output.ts';
import { confirm } from './confirm.ts';
import { fileError } from './file-error.ts';
import { refuseExisting, refuseOtherThanFile, writeWhole } from './whole-file.ts';

/** Flags of `config init`. */
export interface ConfigInitFlags {
  readonly project?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** Writes it. What is there already stays, unless it is to be replaced. */
export async function init(invocation: Invocation, flags: ConfigInitFlags): Promise<number> {
  const { project = false, dryRun = false, force = false, yes } = flags;
  const surroundings = surroundingsOf(invocation);
  // Also where a file cannot be read: it may be what is to be replaced. One that is named may be yet to come.
  const { config } = await examineConfig(surroundings);
  const path = project ? config.projectFilePath : (config.files.user ?? config.userFilePath);
  const names = project ? SETTINGS.filter((name) => settingRule(name).isProjectSetting) : SETTINGS;
  const text = [headText(project), ...names.map((name) => settingText(name, surroundings))].join('\n');
  const exists = existsSync(path);
  if (!dryRun) {
    await refuseOtherThanFile(path, 'move it away, or name another file with --config');
    if (!force) await refuseExisting(path);
    else if (exists) await confirm(`Replace ${path} and what is set in it?`, { yes, signal: invocation.signal });
    makeFolderOf(path);
    await writeWhole(path, [text]);
  }
  const told = { path, settings: names.length, replaced: exists && !dryRun, written: !dryRun, text };
  await print(invocation.format, told, () =>
    dryRun ? text.trimEnd() : `${path}: names ${names.length} settings and sets none; take away a # to set one.`,
  );
  return 0;
}

function makeFolderOf(path: string): void {
  try {
    makePrivateFolder(dirname(path));
  } catch (cause) {
    throw fileError(dirname(path), cause);
  }
}

function headText(isOfProject: boolean): string {
  const whose = isOfProject
    ? `# Settings of Episodica for this project, for everybody who works in it. Stronger than each user's own file, weaker than the
# environment and flags. Where data goes, who is asked and what may be written is each user's own to say: see docs/configuration.md.`
    : `# Settings of Episodica, for the terminal program and for the server of every client. The memory-cli.toml of a project, the
# environment and flags are stronger. See docs/configuration.md.`;
  return `${whose}
# Take away the # before a setting to set it. "memory-cli config validate" looks for mistakes, "memory-cli config show"
# tells what holds. ~ and $HOME are not expanded; a relative path begins at the folder of this file.
`;
}

/** What it means, what holds without it, and a line that says just that. */
function settingText(name: Setting, surroundings: Surroundings): string {
  const { about, page, choices, range, presetWords } = settingRule(name);
  const plain = (text: string): string => text.replaceAll('`', '');
  const kinds = choices === undefined ? range && `From ${range.join(' to ')}` : `One of ${choices.join(', ')}`;
  return [
    `# ${plain(about)}.${page === undefined ? '' : ` See docs/${page}.`}`,
    ...(kinds === undefined ? [] : [`# ${kinds}.`]),
    ...(presetWords === undefined ? [] : [`# Default: ${plain(presetWords)}.`]),
    `#${name.toLowerCase()} = ${JSON.stringify(presetOf(name, surroundings))}`,
    '',
  ].join('\n');
}

function presetOf(name: Setting, { environment, platform, home }: Surroundings): string | number | boolean {
  // Where folders are, and no setting.
  const { XDG_DATA_HOME, LOCALAPPDATA } = environment;
  return resolveConfig({ environment: { XDG_DATA_HOME, LOCALAPPDATA }, platform, home }).values[name];
}
