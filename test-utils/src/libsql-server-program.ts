// A program: a libSQL server for tests in a process of its own. It is told what to do over the channel that `fork` makes.
import { type LibsqlServer, type LibsqlServerOptions, startLibsqlServer } from './libsql-server.ts';
import { type FaultPlan, noFaults, plannedFaults } from './wire-fault.ts';

export type ToServer =
  | { readonly says: 'start'; readonly options: Omit<LibsqlServerOptions, 'faults'>; readonly plan?: FaultPlan }
  | { readonly says: 'faults'; readonly plan?: FaultPlan }
  | { readonly says: 'count' };

/** Answers each message, in order. */
export interface FromServer {
  readonly port: number;
  readonly roundTrips: number;
}

let starting: Promise<LibsqlServer> | undefined;

process.on('message', async (message: ToServer) => {
  if (message.says === 'start') starting = startLibsqlServer(message.options);
  const server = await starting;
  if (server === undefined) throw new Error('The server has not been started.');
  if (message.says !== 'count') server.faults = message.plan === undefined ? noFaults : plannedFaults(message.plan);
  const { port, roundTrips } = server;
  process.send?.({ port, roundTrips } satisfies FromServer);
});
process.on('disconnect', () => process.exit(0));
