// The answer to `initialize`, given before the SDK is loaded: loading it takes three times as long as starting node.
// The SDK then gets the same request and its answer, which is the same, goes nowhere. A test holds the two together.
import { version } from './version.ts';

/** Revisions that a client may ask for in the handshake, newest first; 2026-07-28 has no handshake. */
const HANDSHAKE_REVISIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** How the server presents itself. */
export const SERVER_INFO: { readonly name: string; readonly title: string; readonly version: string } = {
  name: 'episodica',
  title: 'Episodica',
  version,
};

/** What the server can do, in the protocol's words. */
export const CAPABILITIES: {
  readonly [what: string]: Readonly<Record<string, boolean>>;
} = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: {},
  completions: {},
};

/** What a model is told of all tools together. */
export const INSTRUCTIONS: string =
  'Memory of earlier coding tasks. At the start of a task call create_episode, which also answers with related ' +
  'experience; record notable tool uses and every error with add_step, whose hints may hold the known fix; end with ' +
  'complete_episode. Ask query_memory whenever something looks familiar.';

/** An answered handshake. */
export interface Handshake {
  readonly id: string | number;
  /** The whole answer, a line. */
  readonly answer: string;
}

/** The answer where `message` is a plain `initialize`; whatever is the least unusual is left to the SDK. */
export function handshake(message: object): Handshake | undefined {
  const { id, method, params, jsonrpc } = asRecord(message);
  if (jsonrpc !== '2.0' || method !== 'initialize' || (typeof id !== 'string' && !Number.isInteger(id)))
    return undefined;
  const { protocolVersion, clientInfo, capabilities, _meta } = asRecord(params);
  const client = asRecord(clientInfo);
  const isPlain =
    typeof protocolVersion === 'string' &&
    typeof client.name === 'string' &&
    typeof client.version === 'string' &&
    typeof capabilities === 'object' &&
    _meta === undefined;
  if (!isPlain) return undefined;
  const result = {
    protocolVersion: HANDSHAKE_REVISIONS.includes(protocolVersion) ? protocolVersion : HANDSHAKE_REVISIONS[0],
    capabilities: CAPABILITIES,
    serverInfo: SERVER_INFO,
    instructions: INSTRUCTIONS,
  };
  // The check above leaves a string or a whole number.
  return { id: id as string | number, answer: `${JSON.stringify({ result, jsonrpc: '2.0', id })}\n` };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  // An object has string keys, and nothing more is assumed of it.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
