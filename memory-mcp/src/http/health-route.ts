// Health over HTTP: for who watches, whether it works; for who has the token, all that the tool tells.
import * as z from 'zod';
import { newConnection } from '../connection.ts';
import type { Services } from '../services.ts';
import { healthCheck } from '../tools/health.ts';

/** An answer in JSON. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: object;
}

const report = z.looseObject({ status: z.string() });

/** Asks as the tool does; who comes while it is asked already gets the same answer, so that asking is cheap. */
export function healthRoute(services: Services): (isTrusted: boolean) => Promise<HealthAnswer> {
  let asking: Promise<z.infer<typeof report>> | undefined;

  async function ask(): Promise<z.infer<typeof report>> {
    const result = await healthCheck.call(
      {},
      {
        services,
        connection: newConnection(),
        signal: new AbortController().signal,
        progress: () => {},
        clientName: undefined,
      },
    );
    return report.catch({ status: 'down' }).parse(result.structuredContent);
  }

  return async (isTrusted) => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const told = await asking;
    return { status: told.status === 'down' ? 503 : 200, body: isTrusted ? told : { status: told.status } };
  };
}
