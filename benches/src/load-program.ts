// A program: the clients of a load, in a process of their own, so that they and the server are not held up by each
// other. It tells its parent when the calls begin to count, and prints the figures as JSON. Argument: its task as JSON.
import { connectHttp, type HttpPlace } from './http-client.ts';
import { type LoadFigures, type LoadPlan, runLoad } from './load.ts';

/** What the program is to do. */
export interface LoadTask {
  readonly place: HttpPlace;
  readonly clients: number;
  readonly plan: LoadPlan;
}

const [, , given = '{}'] = process.argv;
// The benchmark that starts this program writes it.
const { place, clients, plan } = JSON.parse(given) as LoadTask;
const connected = await Promise.all(Array.from({ length: clients }, () => connectHttp(place)));
const figures: LoadFigures = await runLoad(
  connected.map(({ call }) => call),
  plan,
  async () => void process.send?.('begin'),
);
for (const client of connected) client.close();
process.stdout.write(JSON.stringify(figures));
process.disconnect?.();
