// config validate: all that is wrong with the settings, at once.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT_CODES, encryptionKeyOf, isMemoryError } from '@episodica/memory-core';
import { type ExaminedConfig, examineConfig, type Problem } from '@episodica/memory-core/config';
import { type Invocation, surroundingsOf } from '../open.ts';
import { note, onOneLine, print } from '../output.ts';

/** Answers 2 when something is wrong. Looks also whether the file of the key can be used. */
export async function validate(invocation: Invocation, file: string | undefined): Promise<number> {
  const { config, problems, hints } = await examinedWith(invocation, file);
  const all = problems.length > 0 ? problems : await keyProblems(config.values);
  const { files, warnings } = config;
  const told = { valid: all.length === 0, files, problems: all.map(toldProblem), warnings, hints };
  await print(invocation.format, told, () => {
    const where = [files.user, files.project].filter((path) => path !== undefined);
    const looked = `Looked at ${[...where, 'the environment'].join(', ')}`;
    if (all.length === 0) return `${looked}: nothing is wrong.`;
    const count = all.length === 1 ? 'one problem' : `${all.length} problems`;
    return [`${looked}: ${count}.`, ...all.map(({ message }) => `  ${onOneLine(message)}`)].join('\n');
  });
  if (invocation.format === 'human') {
    for (const warning of warnings) note('warning', warning);
    for (const hint of hints) note('hint', hint);
  }
  return all.length === 0 ? 0 : EXIT_CODES.INVALID_INPUT;
}

/** The file of this project stays what it is, also where it is named. */
async function examinedWith(invocation: Invocation, file: string | undefined): Promise<ExaminedConfig> {
  const surroundings = surroundingsOf(invocation);
  if (file === undefined) return examineConfig(surroundings);
  const here = await examineConfig(surroundings);
  const { project } = here.config.files;
  return project !== undefined && realPath(resolve(file)) === realPath(project)
    ? here
    : examineConfig({ ...surroundings, configFile: file });
}

/** Where there is no such file, that is told when it is read. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function keyProblems(values: ExaminedConfig['config']['values']): Promise<readonly Problem[]> {
  try {
    await encryptionKeyOf(values);
    return [];
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return [{ message: error.message }];
  }
}

function toldProblem({ message, origin }: Problem): object {
  if (origin === undefined || origin.place === '') return { message };
  const { layer, place, line } = origin;
  return { message, origin: layer, from: place, ...(line === undefined ? {} : { line }) };
}
