// Telling one client of what changes: resources that it subscribed to, and that the list of them is not what it got.
import type { Server, ServerEvent } from '@modelcontextprotocol/server';
import type { Connection } from '../connection.ts';
import { invalidParams } from '../protocol-errors.ts';
import type { Services } from '../services.ts';

/** Resources that one client of 2025-11-25 may subscribe to at the same time. */
const MAX_SUBSCRIPTIONS = 1_000;

/** What one client wants to be told. Each resolves when it is told from now on. */
export interface Subscriptions {
  /** `plain` is the address under which changes are told, `asked` that of the client. @throws ProtocolError beyond the limit */
  add(asked: string, plain: string): Promise<void>;
  remove(asked: string): void;
  /** It has the list, and hears of a change from now on. For clients before 2026-07-28, which do not say so. */
  listed(): Promise<void>;
}

/** Nothing is looked for until something is wanted, and nothing any more when the connection is closed. */
export function subscriptionsOf(server: Server, services: Services, { listening }: Connection): Subscriptions {
  const plainOf = new Map<string, string>();
  let hasListed = false;
  let isClosed = false;
  let stop: (() => void) | undefined;

  const isWanted = (): boolean => !isClosed && (plainOf.size > 0 || hasListed || listening.isOpen);

  function tell(event: ServerEvent): void {
    const sent: Promise<void>[] = [];
    if (event.kind === 'resources_list_changed' && (hasListed || listening.isOpen)) {
      sent.push(server.sendResourceListChanged());
    }
    if (event.kind === 'resource_updated') {
      // Who listens by 2026-07-28 named addresses to the SDK, which lets only those through.
      if (listening.isOpen) sent.push(server.sendResourceUpdated({ uri: event.uri }));
      for (const [asked, plain] of plainOf) {
        if (plain === event.uri) sent.push(server.sendResourceUpdated({ uri: asked }));
      }
    }
    // Who is gone does not hear it.
    for (const one of sent) one.catch(() => {});
  }

  async function follow(): Promise<void> {
    if (!isWanted()) {
      stop?.();
      stop = undefined;
      return;
    }
    const { resourceEvents } = await import('../events.ts');
    if (isWanted()) stop ??= resourceEvents(services)(tell);
    await services.changes.settled();
  }

  listening.onChange = follow;
  const closed = server.onclose;
  server.onclose = () => {
    closed?.();
    isClosed = true;
    void follow();
  };
  return {
    async add(asked, plain) {
      if (plainOf.size >= MAX_SUBSCRIPTIONS && !plainOf.has(asked)) {
        throw invalidParams(`There are ${MAX_SUBSCRIPTIONS} subscriptions already; unsubscribe from some first.`);
      }
      plainOf.set(asked, plain);
      await follow();
    },
    remove(asked) {
      plainOf.delete(asked);
      void follow();
    },
    async listed() {
      hasListed = true;
      await follow();
    },
  };
}
