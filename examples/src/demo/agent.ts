// An agent's side of the memory: its own server process, spoken to over standard input and output.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const SERVER = fileURLToPath(new URL('../bin/memory-mcp.js', import.meta.resolve('@episodica/memory-mcp')));
export const PROJECT = 'demo';

export interface Agent {
  /** The structured answer of a tool. Throws when the tool answers with an error. */
  call<Answer>(tool: string, given: object): Promise<Answer>;
}

/** Starts a server for an agent, lets it work, and stops the server whatever became of the work. */
export async function withAgent<T>(
  name: string,
  folders: { readonly work: string; readonly data: string },
  work: (agent: Agent) => Promise<T>,
): Promise<T> {
  const client = new Client({ name, version: '1.0.0' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [SERVER],
      cwd: folders.work,
      env: settings(folders.data),
    }),
  );
  try {
    return await work({ call: (tool, given) => call(client, tool, given) });
  } finally {
    await client.close();
  }
}

async function call<Answer>(client: Client, tool: string, given: object): Promise<Answer> {
  const answer = await client.callTool({ name: tool, arguments: { ...given } });
  assert.notEqual(answer.isError, true, `${tool} answered ${JSON.stringify(answer.content)}`);
  assert.ok(answer.structuredContent, `${tool} answered without structured content`);
  // What of the answer is used is asserted where it is used.
  return answer.structuredContent as Answer;
}

/** All that the server stores or reads lies in the demo's folder: the user's own memory is never opened. */
function settings(data: string): Record<string, string> {
  return {
    MEMORY_DATA_DIR: data,
    MEMORY_PROJECT: PROJECT,
    MEMORY_LOG_LEVEL: 'warn',
    XDG_CONFIG_HOME: data,
    APPDATA: data,
  };
}
