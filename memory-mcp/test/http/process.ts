// A process of `memory-mcp --http` for a test, over a data folder of its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RawServer, startRaw } from '../client.ts';

export interface HttpProcess extends RawServer {
  readonly url: string;
  readonly token: string;
}

/** Starts it at a port that is free, and waits until it says where that is. */
export async function startHttp(dataDir: string, more: Record<string, string> = {}): Promise<HttpProcess> {
  const raw = startRaw(dataDir, { flags: ['--http', '--port', '0'], more });
  const url = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const [found] = /http:\/\/\S+\/mcp/u.exec(raw.stderr()) ?? [];
      if (found !== undefined) resolve(found);
    };
    raw.process.stderr.on('data', look);
    void raw.exited.then(() => reject(new Error(`the server ended: ${raw.stderr()}`)));
  });
  const token = more.MCP_TOKEN ?? readFileSync(join(dataDir, 'mcp-token'), 'utf8').trim();
  return { ...raw, url, token };
}
