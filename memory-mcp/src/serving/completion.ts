// completion/complete.
import type { Server } from '@modelcontextprotocol/server';
import { answered } from '../protocol-errors.ts';
import type { Services } from '../services.ts';

/** Serves values for arguments of prompts and for variables of resource templates. */
export function serveCompletion(server: Server, services: Services): void {
  server.setRequestHandler('completion/complete', ({ params, method }, { mcpReq: { signal } }) =>
    answered({ services, method, signal }, async () => {
      const { completed } = await import('../completion.ts');
      return completed(params, { backend: await services.backend.get(), signal });
    }),
  );
}
