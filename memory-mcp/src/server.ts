// The MCP server: which tools there are, and how a request finds its tool. Opens nothing by itself.
import { CLIENT_INFO_META_KEY, ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
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
  const tools = async () => (await import('./tools/all.ts')).toolsFor(services);
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
  return server;
}

const envelopeWithClient = z.looseObject({ [CLIENT_INFO_META_KEY]: z.looseObject({ name: z.string() }) });

/** The client's name as 2026-07-28 sends it with each request. */
function clientNameIn(envelope: unknown): string | undefined {
  return envelopeWithClient.safeParse(envelope).data?.[CLIENT_INFO_META_KEY].name;
}
