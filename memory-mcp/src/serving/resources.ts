// resources/list, resources/templates/list, resources/read, resources/subscribe and resources/unsubscribe.
import type { Server } from '@modelcontextprotocol/server';
import type { Connection } from '../connection.ts';
import { answered, invalidParams } from '../protocol-errors.ts';
import type { Services } from '../services.ts';
import { subscriptionsOf } from './subscriptions.ts';

/** Serves the resources to one connection. */
export function serveResources(server: Server, services: Services, connection: Connection): void {
  const subscriptions = subscriptionsOf(server, services, connection);
  // As the tools: built when somebody asks.
  const resources = async () => {
    const rights = await services.rights();
    return (await import('../resources/all.ts')).resourcesFor(services, rights);
  };
  server.setRequestHandler('resources/list', ({ params, method }, { mcpReq }) =>
    answered({ services, method, signal: mcpReq.signal }, async () => {
      // Told from before the list is read: what changes meanwhile is told again rather than missed.
      if (mcpReq.envelope === undefined) await subscriptions.listed();
      const { resources: listed, ...next } = await (await resources()).list(params?.cursor, mcpReq.signal);
      return { resources: [...listed], ...next };
    }),
  );
  server.setRequestHandler('resources/templates/list', async ({ params }) => {
    if (params?.cursor !== undefined)
      throw invalidParams('cursor: all templates are on one page; ask without a cursor.');
    const { RESOURCE_TEMPLATES } = await import('../resources/all.ts');
    return { resourceTemplates: [...RESOURCE_TEMPLATES] };
  });
  server.setRequestHandler('resources/read', ({ params, method }, { mcpReq: { signal } }) =>
    answered({ services, method, signal }, async () => (await resources()).read(params.uri, signal)),
  );
  server.setRequestHandler('resources/subscribe', async ({ params }) => {
    await subscriptions.add(params.uri, (await resources()).plain(params.uri));
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
    subscriptions.remove(params.uri);
    return {};
  });
}
