// The way to a host, loaded by those who go it: a program that opens a file starts sooner without.
import type { Address } from '@episodica/memory-core/backend';
import type { Connection } from './connection.ts';
import type { HostOptions } from './remote.ts';

/** A connection to the host at an address, whose own token counts where no other is given. Nothing is sent yet. */
export async function connectToHost(
  address: Extract<Address, { kind: 'remote' }>,
  options: HostOptions,
): Promise<Connection> {
  const { connectHost } = await import('./remote.ts');
  return connectHost(address, options);
}
