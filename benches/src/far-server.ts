// A program: a libSQL server in a process of its own, so that it shares no event loop with who asks it. Arguments: the
// file, and how long each answer is kept back. Tells its address to its parent, and to every message how often it was asked.
import { startLibsqlServer } from '@episodica/test-utils';

/** What the server says to its parent. */
export interface FarServerNews {
  readonly url: string;
  readonly roundTrips: number;
}

const [, , path = '', latencyMs = '0'] = process.argv;
const server = await startLibsqlServer({ path, latencyMs: Number(latencyMs) });
const tell = (): void => {
  process.send?.({ url: server.url, roundTrips: server.roundTrips } satisfies FarServerNews);
};
process.on('message', tell);
process.on('disconnect', () => process.exit());
tell();
