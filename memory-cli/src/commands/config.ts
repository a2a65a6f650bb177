// config show.
import { EXIT_CODES, MemoryError } from '@episodica/memory-core';
import {
  type Config,
  type ExaminedConfig,
  examineConfig,
  meantName,
  type Origin,
  SETTINGS,
  type Setting,
  settingNames,
  settingRule,
  shownValue,
} from '@episodica/memory-core/config';
import { type Invocation, surroundingsOf } from '../open.ts';
import { hangingLine, heading, note, onOneLine, print, terminalWidth, textWidth } from '../output.ts';
import { noteProblems } from './config-problems.ts';

/** Tells settings, their values and where those come from. Opens no store. */
export async function show(invocation: Invocation, names: readonly string[]): Promise<number> {
  const chosen = names.length === 0 ? SETTINGS : names.map(settingCalled);
  const { config, refused: problems, strays } = await examineConfig(surroundingsOf(invocation));
  const { files, userFilePath, project } = config;
  const warnings = [...strays.map(({ message }) => message), ...config.warnings];
  const settings = chosen.map((name) => ({
    name,
    value: isRefused(name, problems) ? null : shownValue(name, config.values[name]),
    ...toldOrigin(config.origins[name]),
    overrides: config.overridden[name].map(toldOrigin),
  }));
  await print(
    invocation.format,
    { settings, project, files, warnings, problems: problems.map(({ message }) => message) },
    () => {
      const rows = settingRows(chosen, { config, problems });
      if (names.length > 0) return rows;
      return [
        rows,
        hangingLine('', `Project of this folder: ${project}`),
        hangingLine('', `User's file: ${files.user ?? `none; it would be ${userFilePath}`}`),
        hangingLine('', `Project's file: ${files.project ?? 'none'}`),
      ].join('\n');
    },
  );
  if (invocation.format === 'human') {
    for (const warning of warnings) note('warning', warning);
    noteProblems(problems);
  }
  return problems.length > 0 ? EXIT_CODES.INVALID_INPUT : 0;
}

type Problems = ExaminedConfig['problems'];

/** Its value cannot be told. */
function isRefused(name: Setting, problems: Problems): boolean {
  return problems.some(({ settings = [] }) => settings.includes(name));
}

function settingCalled(name: string): Setting {
  const found = SETTINGS.find((setting) => settingNames(setting).includes(name.toUpperCase()));
  if (found !== undefined) return found;
  const meant = meantName(name, SETTINGS.flatMap(settingNames));
  const hint = meant === undefined ? '"config show" alone names all' : `did you mean "${meant}"?`;
  throw new MemoryError('INVALID_INPUT', `There is no setting "${name}"; ${hint}${meant === undefined ? '.' : ''}`);
}

/** `from` is the path of the file, the name of the variable or of the flag. */
function toldOrigin({ layer, place, line }: Origin): object {
  return { origin: layer, ...(place === '' ? {} : { from: place }), ...(line === undefined ? {} : { line }) };
}

const INDENT = '    ';

/** A line for each; a value that does not fit has one of its own, whole, as a path that is cut cannot be copied. */
function settingRows(
  chosen: readonly Setting[],
  { config: { values, origins, overridden }, problems }: Pick<ExaminedConfig, 'config' | 'problems'>,
): string {
  const told = chosen.map((name) => ({
    name,
    from: originWords(name, origins[name]),
    value: isRefused(name, problems) ? '(refused: see below)' : valueText(name, values[name]),
    others: overridden[name].map((origin) => originWords(name, origin)),
  }));
  const nameWidth = Math.max('SETTING'.length, ...told.map(({ name }) => name.length));
  const fromWidth = Math.max('FROM'.length, ...told.map(({ from }) => from.length));
  const line = (name: string, from: string, value: string): string => {
    const before = `${name.padEnd(nameWidth)}  ${from.padEnd(fromWidth)}`;
    const fits = textWidth(before) + 2 + textWidth(value) <= terminalWidth();
    return (fits ? `${before}  ${value}` : `${hangingLine('', before)}\n${hangingLine(INDENT, value)}`).trimEnd();
  };
  return [
    heading(line('SETTING', 'FROM', 'VALUE')),
    ...told.flatMap(({ name, from, value, others }) => [
      line(name, from, value),
      ...(others.length === 0 ? [] : [hangingLine(INDENT, `overrides ${others.join(' and ')}`)]),
    ]),
  ].join('\n');
}

/** In words where there is none: what happens then. */
function valueText(name: Setting, value: Config[Setting]): string {
  if (value !== '') return onOneLine(String(shownValue(name, value)));
  return `(${(settingRule(name).presetWords ?? 'none').replaceAll('`', '')})`;
}

/** The paths of both files are told once, behind the table. */
function originWords(setting: Setting, { layer, place, line }: Origin): string {
  if (layer === 'flag') return place;
  if (layer === 'environment') return place === setting ? layer : `${layer} (${place})`;
  return line === undefined ? layer : `${layer}, line ${line}`;
}
