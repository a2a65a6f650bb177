// What an encrypted store costs beside a plain one: the same calls on both, turn by turn on the same disk.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { generatedEpisode, generatedStep, seededRandom } from './corpus.ts';
import { type Timing, timeAlternating } from './measure.ts';
import { makeScratchFolder, removeFolder } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const encryption: Suite = {
  name: 'encryption',
  about: 'Episodes of five steps in a store with a key and in one without. Nothing is cached but by the engine.',
  run,
};

const EPISODES = 1_000;
const STEPS_EACH = 5;

interface Kept {
  readonly url: string;
  readonly encryptionKey: string | undefined;
  readonly store: TursoStore;
  readonly ids: readonly string[];
}

async function run(): Promise<SuiteReport> {
  const folder = makeScratchFolder();
  const kept: Kept[] = [];
  try {
    for (const key of [randomBytes(32).toString('hex'), undefined]) kept.push(await keep(folder, key));
    const [encrypted, plain] = kept;
    if (encrypted === undefined || plain === undefined) throw new Error('There are two stores.');
    return { rows: await rowsOf(encrypted, plain), notes: [`${EPISODES} episodes, ${EPISODES * STEPS_EACH} steps.`] };
  } finally {
    for (const { store } of kept) await store.close();
    removeFolder(folder);
  }
}

async function keep(folder: string, encryptionKey: string | undefined): Promise<Kept> {
  const url = pathToFileURL(join(folder, `${encryptionKey === undefined ? 'plain' : 'encrypted'}.db`)).href;
  const store = await openTursoStore({ url, encryptionKey });
  const memory = openMemory({ store });
  const random = seededRandom(1);
  const inputs = Array.from({ length: EPISODES }, () => generatedEpisode(random));
  const ids = (await memory.createEpisodes(inputs)).map(({ id }) => id);
  for (const id of ids) {
    await Promise.all(Array.from({ length: STEPS_EACH }, () => memory.addStep(id, generatedStep(random))));
  }
  return { url, encryptionKey, store, ids };
}

async function rowsOf(encrypted: Kept, plain: Kept): Promise<readonly Row[]> {
  const compared = async (
    what: string,
    calls: number,
    work: (kept: Kept, index: number) => Promise<unknown>,
  ): Promise<Row> => {
    const of = (kept: Kept) => (index: number) => work(kept, index);
    const { first, second } = await timeAlternating({ warmup: Math.ceil(calls / 10), calls }, of(encrypted), of(plain));
    return rowOf(what, first, second);
  };
  const random = seededRandom(2);
  const step = generatedStep(random);
  return [
    await compared('open and close', 30, ({ url, encryptionKey }) =>
      openTursoStore({ url, encryptionKey, threads: false }).then((store) => store.close()),
    ),
    await compared('read an episode by id', 1_000, ({ store, ids }, index) =>
      store.getMany('episode', [ids[index % ids.length] ?? '']),
    ),
    await compared('durable add_step', 200, ({ store, ids }, index) =>
      openMemory({ store }).addStep(ids[index % ids.length] ?? '', step),
    ),
    await compared('text search', 100, ({ store }) =>
      store.text.match({ kind: 'episode', terms: ['flight', 'seat'], limit: 50 }),
    ),
    await compared('scan of all steps', 5, async ({ store }) => {
      for await (const _ of store.scan('step', {}));
    }),
    await compared('verify', 2, ({ store }) => store.verify()),
    await compared('vacuum', 2, ({ store }) => store.vacuum()),
  ];
}

function rowOf(what: string, encrypted: Timing, plain: Timing): Row {
  return {
    what,
    unit: 'ms',
    value: encrypted.medianMs,
    p99: encrypted.p99Ms,
    baseline: { name: 'plain', value: plain.medianMs },
  };
}
