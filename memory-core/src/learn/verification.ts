// Which steps check the work: tests, type checks, linters, builds. Pure.
import type { Step } from '../episode.ts';
import { checksOf } from './check-evidence.ts';

/** Whether the step ran a check. Judged from its tool and command, or its action where no command is recorded. */
export function isVerification(step: Pick<Step, 'tool' | 'action' | 'parameters'>): boolean {
  return checksOf(step).some(({ kind }) => kind !== 'exit' && kind !== 'commit');
}
