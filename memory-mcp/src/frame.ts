// What one line of input is: a JSON-RPC message as far as its frame goes, or something that gets an error for an answer.
// Loads nothing; what a message asks for is looked at by the SDK.
import { isUtf8 } from 'node:buffer';

/** Longest line that is read: two and a half times the largest argument, which is 10 MB. */
export const MAX_LINE_BYTES = 25_000_000;

/** The error codes of JSON-RPC that frames are answered with. */
export const RPC_ERRORS: { readonly [fault in 'parse' | 'invalidRequest' | 'invalidParams']: number } = Object.freeze({
  parse: -32_700,
  invalidRequest: -32_600,
  invalidParams: -32_602,
});

/** A line as it was understood. */
export type Frame =
  | { readonly kind: 'message'; readonly value: object }
  /** No message. `answer` is a whole line; what would itself be an answer gets none. */
  | { readonly kind: 'refused'; readonly reason: string; readonly answer?: string }
  | { readonly kind: 'blank' };

/** The frame of one line. Never throws. */
export function readFrame(line: Buffer): Frame {
  if (!isUtf8(line)) return refused('parse', 'This line is no UTF-8.');
  const text = withoutMark(line.toString('utf8'));
  if (text.trim() === '') return { kind: 'blank' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('parse', 'This line is no JSON; send one JSON-RPC message a line.');
  }
  if (Array.isArray(value)) return refused('invalidRequest', 'Batches are not supported; send one message a line.');
  if (typeof value !== 'object' || value === null) return refused('invalidRequest', 'A JSON-RPC message is an object.');
  return frameOf(value);
}

/** The answer to a line that is longer than `MAX_LINE_BYTES`. */
export function tooLongFrame(): Frame {
  return refused('invalidRequest', `A line is longer than ${MAX_LINE_BYTES} bytes; it is passed over.`);
}

/** A whole line that tells what was wrong with a request. */
export function errorLine(
  id: string | number | null,
  error: { readonly code: number; readonly message: string },
): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`;
}

function frameOf(value: object): Frame {
  const isAnswer = !('method' in value) && ('result' in value || 'error' in value);
  const reason = faultOf(value, isAnswer);
  if (reason === undefined) return { kind: 'message', value };
  if (isAnswer) return { kind: 'refused', reason };
  return refused('invalidRequest', reason, 'id' in value && isId(value.id) ? value.id : null);
}

/** The names that a request may have at the top: the SDK's schemas ask for the same. */
const REQUEST_NAMES: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

function faultOf(value: object, isAnswer: boolean): string | undefined {
  // An object has string keys and nothing more is assumed of it.
  const { jsonrpc, id, method, params } = value as Readonly<Record<string, unknown>>;
  if (jsonrpc !== '2.0') return 'jsonrpc must be "2.0".';
  if ('id' in value && !isId(id)) return 'id must be a string or a whole number below 2^53.';
  if (isAnswer) return undefined;
  if (typeof method !== 'string') return 'method must be a string.';
  if (params !== undefined && (typeof params !== 'object' || params === null || Array.isArray(params))) {
    return 'params must be an object.';
  }
  const isStrange = Object.keys(value).some((name) => !REQUEST_NAMES.has(name));
  return isStrange ? 'A request has jsonrpc, id, method and params, and nothing beside.' : undefined;
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' || Number.isSafeInteger(id);
}

function refused(fault: keyof typeof RPC_ERRORS, reason: string, id: string | number | null = null): Frame {
  return { kind: 'refused', reason, answer: errorLine(id, { code: RPC_ERRORS[fault], message: reason }) };
}

/** Some programs begin what they write with a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
