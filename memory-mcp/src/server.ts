// The MCP server: which tools and resources there are, and how a request finds its own. Opens nothing by itself.
import {
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO } from './handshake.ts';
import type { Services } from './services.ts';

/**
 * A server for one connection; several may share `services`, which the caller closes.
 * It serves both the 2025-11-25 handshake and 2026-07-28 when it is handed to `serveStdio`.
 */
export function createServer(services: Services): Server {
  const server = new Server({ ...SERVER_INFO }, { capabilities: { ...CAPABILITIES }, instructions: INSTRUCTIONS });
  // Loaded behind the first answer, which is that to `initialize`: the schemas of the tools take time to build.
  const tools = async () => {
    const rights = await services.rights();
    return (await import('./tools/all.ts')).toolsFor(services, rights);
  };
  server.setRequestHandler('tools/list', async () => ({ tools: (await tools()).map((tool) => tool.listed()) }));
  server.setRequestHandler('tools/call', async (request, context) => {
    const all = await tools();
    const tool = all.find(({ name }) => name === request.params.name);
    if (tool === undefined) {
      const known = all.map(({ name }) => name).join(', ');
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `There is no tool "${request.params.name.slice(0, 100)}"; there are ${known}.`,
      );
    }
    const clientName = clientNameIn(context.mcpReq.envelope) ?? server.getClientVersion()?.name;
    return tool.call(request.params.arguments, { services, signal: context.mcpReq.signal, clientName });
  });
  serveResources(server, services);
  return server;
}

/** Longest address that an answer repeats. */
const MAX_TOLD_URI = 200;

function serveResources(server: Server, services: Services): void {
  // As the tools: built when somebody asks.
  const resources = async () => {
    const rights = await services.rights();
    return (await import('./resources/all.ts')).resourcesFor(services, rights);
  };
  server.setRequestHandler('resources/list', async () => {
    return { resources: (await resources()).map((resource) => resource.listed()) };
  });
  // Clients that know of resources ask for templates too, and log an error where nobody answers.
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', async ({ params }) => {
    const all = await resources();
    const resource = all.find(({ uri }) => uri === params.uri);
    if (resource !== undefined) return resource.read();
    const asked = params.uri.slice(0, MAX_TOLD_URI);
    const known = all.map(({ uri }) => uri).join(', ');
    throw new ResourceNotFoundError(
      asked,
      `There is no resource ${JSON.stringify(asked)}; there are ${known || 'none'}.`,
    );
  });
}

const envelopeWithClient = z.looseObject({ [CLIENT_INFO_META_KEY]: z.looseObject({ name: z.string() }) });

/** The client's name as 2026-07-28 sends it with each request. */
function clientNameIn(envelope: unknown): string | undefined {
  return envelopeWithClient.safeParse(envelope).data?.[CLIENT_INFO_META_KEY].name;
}
