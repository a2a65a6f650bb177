// The third-party data that quality is measured on. It is not part of this project: it may be absent.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

/** The folder that `MEMORY_DATASETS` names, or `../shared/data` beside the project. */
export function datasetFolder(): string {
  return resolve(projectRoot, process.env.MEMORY_DATASETS || '../shared/data');
}

/** The parsed content of a JSON file in the data folder, also of a `.gz`; `undefined` where there is no such file. */
export function readDataset(path: string): unknown {
  const file = join(datasetFolder(), path);
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
}
