// config show.
import { SETTINGS, shownValue } from '@episodica/memory-core/config';
import { type Invocation, readSettings } from '../open.ts';
import { note, print, table, terminalWidth } from '../output.ts';

/** Tells every setting, its value and where it comes from. Opens no store. */
export async function show(invocation: Invocation): Promise<number> {
  const { values, origins, warnings, files, userFilePath, project } = await readSettings(invocation);
  const settings = SETTINGS.map((name) => ({ name, value: shownValue(name, values[name]), origin: origins[name] }));
  await print(invocation.format, { settings, project, files, warnings }, () => {
    const rows = settings.map(({ name, value, origin }) => [name, origin, String(value)]);
    const columns = [{ heading: 'SETTING' }, { heading: 'FROM' }, { heading: 'VALUE' }];
    return [
      table(columns, rows, Math.max(terminalWidth(), LONGEST_SETTING)),
      `Project of this folder: ${project}`,
      `User's file: ${files.user ?? `none; it would be ${userFilePath}`}`,
      `Project's file: ${files.project ?? 'none'}`,
    ].join('\n');
  });
  if (invocation.format === 'human') for (const warning of warnings) note('warning', warning);
  return 0;
}

/** Paths are shown whole: a cut one cannot be copied. */
const LONGEST_SETTING = 10_000;
