// Who is asked over a network: the host of the database, the embedder; and who is not, because it costs money.
import { addressOf, embedderOf } from '@episodica/memory-core';
import type { Config } from '@episodica/memory-core/config';
import { ageText } from '../commands/amounts.ts';
import { type Found, notChecked, ok, problem, reasonOf, warning } from './finding.ts';

/** All that an embedder is sent. */
const WORD = 'doctor';

export async function lookAtEmbedder(values: Config, signal: AbortSignal): Promise<Found> {
  const embedder = await embedderOf(values);
  if (embedder === undefined) return ok('none: search is by words alone');
  const { model, isRemote } = embedder;
  const startedMs = performance.now();
  let dimensions = 0;
  try {
    const [vector] = await embedder.embed([WORD], { purpose: 'query', signal });
    dimensions = vector?.length ?? 0;
  } catch (error) {
    const advice = `Correct the settings of EMBEDDING_PROVIDER=${values.EMBEDDING_PROVIDER}, or set it to local.`;
    return problem(`${model} does not answer: ${reasonOf(error)}`, advice);
  } finally {
    await embedder.close?.();
  }
  const where = isRemote ? `, asked over the network with the word "${WORD}"` : ', in this process';
  return ok(`${model}, ${dimensions} numbers in ${(performance.now() - startedMs).toFixed(0)} ms${where}`);
}

export function lookAtReflector({ REFLECTOR_PROVIDER: provider }: Config): Found {
  if (provider === 'none') return ok('none: the rules of this program alone');
  return notChecked(`${provider} is not asked, because each question costs money or time`);
}

/** Clocks that differ by more make expiries and the order of what is written doubtful. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The host of the database: reached, in what time, and with which clock. Its token is not sent. */
export async function lookAtHost(values: Config, signal: AbortSignal): Promise<readonly Found[]> {
  const address = addressOf(values.TURSO_SYNC_URL || values.DATABASE_URL);
  if (address.kind === 'file') return [];
  const url = new URL(address.url.replace(/^(?:libsql|wss):/u, 'https:').replace(/^ws:/u, 'http:')).origin;
  const startedMs = performance.now();
  try {
    const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
    const tookMs = performance.now() - startedMs;
    const date = Date.parse(answer.headers.get('date') ?? '');
    return [ok(`${address.place} answers in ${tookMs.toFixed(0)} ms`), hostClock(date, tookMs)];
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);
    const advice = 'Look whether the address is right, the host is up and this machine is on the network.';
    return [problem(`${address.place} cannot be reached: ${cause}`, advice)];
  }
}

function hostClock(dateMs: number, tookMs: number): Found {
  if (Number.isNaN(dateMs)) return notChecked('the host does not tell its time');
  // Its header is cut to the second, and was written while we waited.
  const offMs = Math.abs(Date.now() - tookMs / 2 - dateMs);
  if (offMs <= CLOCK_TOLERANCE_MS) return ok('its clock agrees with the one here');
  return warning(`its clock differs from the one here by ${ageText(offMs)}`, 'Set the clock of this machine.');
}
