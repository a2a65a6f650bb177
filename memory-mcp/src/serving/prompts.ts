// prompts/list and prompts/get.
import type { Server } from '@modelcontextprotocol/server';
import type { Connection } from '../connection.ts';
import { answered, invalidParams } from '../protocol-errors.ts';
import type { Services } from '../services.ts';

/** Serves the prompts to one connection. */
export function servePrompts(server: Server, services: Services, connection: Connection): void {
  const prompts = async () => (await import('../prompts/all.ts')).PROMPTS;
  server.setRequestHandler('prompts/list', async ({ params }) => {
    if (params?.cursor !== undefined) throw invalidParams('cursor: all prompts are on one page; ask without a cursor.');
    return { prompts: (await prompts()).map((prompt) => prompt.listed()) };
  });
  server.setRequestHandler('prompts/get', ({ params, method }, { mcpReq: { signal } }) =>
    answered({ services, method, signal }, async () => {
      const all = await prompts();
      const prompt = all.find(({ name }) => name === params.name);
      if (prompt === undefined) {
        const known = all.map(({ name }) => name).join(', ');
        throw invalidParams(`There is no prompt ${JSON.stringify(params.name.slice(0, 100))}; there are ${known}.`);
      }
      return prompt.get(params.arguments ?? {}, { backend: await services.backend.get(), connection, signal });
    }),
  );
}
