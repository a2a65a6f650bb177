// The MCP server: what it says of itself, and who answers which request. Opens nothing by itself.
import {
  type JSONRPCRequest,
  type Result,
  Server,
  type ServerContext,
  type ServerOptions,
  type Transport,
} from '@modelcontextprotocol/server';
import { wrapArguments } from './call-arguments.ts';
import { type Connection, newConnection } from './connection.ts';
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO } from './handshake.ts';
import { paramsError } from './protocol-errors.ts';
import { msSince } from './requests.ts';
import type { Services } from './services.ts';
import { serveCompletion } from './serving/completion.ts';
import { servePrompts } from './serving/prompts.ts';
import { serveResources } from './serving/resources.ts';
import { serveTools, type ToolListOptions } from './serving/tools.ts';

/**
 * A server for one connection; several may share `services`, which the caller closes.
 * It serves both the 2025-11-25 handshake and 2026-07-28 when it is handed to `serveStdio`.
 */
export function createServer(
  services: Services,
  connection: Connection = newConnection(),
  options: ToolListOptions = {},
): Server {
  const server = new MemoryServer(
    { ...SERVER_INFO },
    { capabilities: { ...CAPABILITIES }, instructions: INSTRUCTIONS },
    services,
  );
  serveTools(server, { services, connection, ...options });
  serveResources(server, services, connection);
  servePrompts(server, services, connection);
  serveCompletion(server, services);
  return server;
}

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** The SDK's server, but for what it makes of messages that are not as they should be, whichever transport brings them. */
class MemoryServer extends Server {
  readonly #services: Services;

  constructor(info: ConstructorParameters<typeof Server>[0], options: ServerOptions, services: Services) {
    super(info, options);
    this.#services = services;
  }

  override async connect(transport: Transport): Promise<void> {
    const { onmessage } = transport;
    // The SDK calls who was there before it first, with the same message.
    transport.onmessage = (message, extra) => {
      wrapArguments(message);
      onmessage?.(message, extra);
    };
    await super.connect(transport);
  }

  protected override _wrapHandler(method: string, handler: Handler): Handler {
    const served = super._wrapHandler(method, handler);
    return (request, context) =>
      this.#services.requests.answer(async () => {
        const startedMs = performance.now();
        try {
          return await served(request, context);
        } catch (error) {
          throw paramsError(error) ?? error;
        } finally {
          this.#services.logger.debug({ method, ms: msSince(startedMs) }, 'a request was answered');
        }
      });
  }
}
