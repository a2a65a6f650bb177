// tools/list and tools/call: which tools a client sees, and how a call finds its own.
import {
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { argumentsIn } from '../call-arguments.ts';
import type { Connection } from '../connection.ts';
import { NO_PROGRESS, type ProgressReport, progressReport } from '../progress.ts';
import type { Services } from '../services.ts';
import { errorResult } from '../tool.ts';
import { disclosure } from './disclosure.ts';
import { measuredCall } from './measured-call.ts';

/** How long a list of tools waits to know which there is something to do for. */
const LIST_PATIENCE_MS = 1_000;

export interface ToolListOptions {
  /** How long a list waits for the memory before it has all tools. @default 1 second */
  readonly listPatienceMs?: number | undefined;
}

interface Serving extends ToolListOptions {
  readonly services: Services;
  readonly connection: Connection;
}

/** Serves the tools to one connection. */
export function serveTools(server: Server, { services, connection, listPatienceMs }: Serving): void {
  const disclosed = disclosure({
    services,
    patienceMs: listPatienceMs ?? LIST_PATIENCE_MS,
    // Who is gone does not hear it, and nothing depends on it.
    onChange: () => void server.sendToolListChanged().catch(() => {}),
  });
  onClosing(server, disclosed.close);
  server.setRequestHandler('tools/list', async ({ params }) => {
    if (params?.cursor !== undefined) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'No cursor was given out: all tools stand on one page. Ask again without cursor.',
      );
    }
    const listed = await disclosed.listed(await services.tools());
    return { tools: listed.map((tool) => tool.listed()) };
  });
  server.setRequestHandler('tools/call', async (request, context) => {
    const all = await services.tools();
    const tool = all.find(({ name }) => name === request.params.name);
    if (tool === undefined) {
      const known = all.map(({ name }) => name).join(', ');
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `There is no tool "${request.params.name.slice(0, 100)}"; there are ${known}.`,
      );
    }
    const clientName = clientNameIn(context.mcpReq.envelope) ?? server.getClientVersion()?.name;
    const { signal } = context.mcpReq;
    let isWaiting = true;
    const report = progressOf(context, () =>
      isWaiting ? `${tool.name} waits for its turn` : `${tool.name} is at work`,
    );
    const call = { services, connection, signal, clientName, progress: report.progress };
    const work = () => {
      isWaiting = false;
      return tool.call(argumentsIn(request.params.arguments), call);
    };
    const inTurn = async () => {
      try {
        return await services.calls.run(work, signal, tool.lane);
      } catch (error) {
        return errorResult(error, { tool: tool.name, services });
      } finally {
        report.end();
      }
    };
    const result = await measuredCall(tool.name, inTurn, services);
    // The answer does not wait for it.
    if (tool.changesHolding && result.isError !== true) void disclosed.looked();
    return result;
  });
}

/** Beside what others do at the end of the connection. */
function onClosing(server: Server, close: () => void): void {
  const others = server.onclose;
  server.onclose = () => {
    others?.();
    close();
  };
}

/** Told to whoever sent a token for it. */
function progressOf({ mcpReq }: ServerContext, doing: () => string): ProgressReport {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return NO_PROGRESS;
  return progressReport({
    doing,
    tell(told) {
      const notification = { method: 'notifications/progress', params: { progressToken, ...told } } as const;
      // Who is gone does not hear it, and nothing depends on it.
      mcpReq.notify(notification).catch(() => {});
    },
  });
}

const envelopeWithClient = z.looseObject({ [CLIENT_INFO_META_KEY]: z.looseObject({ name: z.string() }) });

/** The client's name as 2026-07-28 sends it with each request. */
function clientNameIn(envelope: unknown): string | undefined {
  return envelopeWithClient.safeParse(envelope).data?.[CLIENT_INFO_META_KEY].name;
}
