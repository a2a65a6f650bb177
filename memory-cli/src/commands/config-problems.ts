// What is wrong with settings, for commands that tell what they can nevertheless: who has to correct a file has to find it.
import { MemoryError } from '@episodica/memory-core';
import type { Problem, Setting } from '@episodica/memory-core/config';
import { note, onOneLine } from '../output.ts';

/** Whether nothing that is wrong bears on these. */
export function areKnown(settings: readonly Setting[], problems: readonly Problem[]): boolean {
  return problems.every((problem) => problem.settings?.every((each) => !settings.includes(each)) === true);
}

/** All of them on standard error, for people. */
export function noteProblems(problems: readonly Problem[]): void {
  for (const { message } of problems) note('warning', message);
  if (problems.length > 0) note('hint', VALIDATE);
}

/** The refusal to go on with them. */
export function problemError([first]: readonly Problem[]): MemoryError {
  return new MemoryError('INVALID_INPUT', `${onOneLine(first?.message ?? '')} ${VALIDATE}.`);
}

const VALIDATE = '"memory-cli config validate" tells all that is wrong';
