// When nothing that was found is an answer. Pure.
import type { Calibration, Signals } from './fuse.ts';

/** Text relevance below which shared words are no more than chance. */
const MIN_TEXT = 0.1;

/** Whether any source found more in a candidate than unrelated things have in common. */
export function isRelevant({ text = 0, meaning = 0, error = 0 }: Signals, { noise }: Calibration): boolean {
  return text >= MIN_TEXT || meaning > noise || error > 0;
}
