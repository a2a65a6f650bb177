// Loaded into a process before its program (`node --import`): tells, when it ends, what memory it holds, in MB. The peak
// that the system keeps of a process is no measure: it begins with what the process had that started it.
import { writeSync } from 'node:fs';

/** Where the parent reads. */
const FIGURES = 3;

process.on('exit', () => writeSync(FIGURES, String(process.memoryUsage.rss() / 1_048_576)));
