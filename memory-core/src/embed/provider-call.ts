// One question to a provider over HTTP: JSON there and back, no redirect, an end to the answer, and every failure told in
// our words, without keys and without what was sent.
import { MemoryError } from '../errors.ts';
import { retryAfterMs } from '../network/attempt.ts';
import { troubleBehind } from '../network/trouble.ts';
import { type Provider, ProviderFailure } from './provider-failure.ts';

/** A key goes into a header, whose complaint about anything else would repeat it. */
export function headersWith(
  key: string | undefined,
  { name, keySetting }: Pick<Provider, 'name' | 'keySetting'>,
): Readonly<Record<string, string>> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (key === undefined) return headers;
  if (/^[!-~]+$/u.test(key)) return { ...headers, authorization: `Bearer ${key}` };
  const what = `${keySetting ?? 'The key'} is no key of ${name}`;
  throw new MemoryError('INVALID_INPUT', `${what}: those are letters, digits and signs without spaces.`);
}

/** One question to a provider. */
export interface ProviderRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** What is never told, though the provider may repeat it. */
  readonly secrets: Secrets;
  /** An answer that is longer is none. */
  readonly maxAnswerBytes: number;
}

export interface Secrets {
  readonly key: string | undefined;
  readonly texts: readonly string[];
}

/** What the provider answers, as JSON. Rejects with a `ProviderFailure`, or as `fetch` does. */
export async function askProvider(url: URL, request: ProviderRequest): Promise<object> {
  const { body, headers, signal, secrets, maxAnswerBytes } = request;
  // A redirected request would come with its key at another host.
  const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal: signal ?? null });
  if (!response.ok) throw await failureOf(response, secrets);
  if (!/\bjson\b/u.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw new ProviderFailure('foreign');
  }
  const told: unknown = JSON.parse(await textOf(response, maxAnswerBytes));
  if (typeof told !== 'object' || told === null) throw new ProviderFailure('no vectors');
  return told;
}

async function textOf({ body }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.length;
    // Leaving the loop cancels what is still to come.
    if (sizeBytes > maxBytes) throw new ProviderFailure('no vectors', { detail: 'its answer has no end' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** More than any refusal says. */
const MAX_REFUSAL_BYTES = 1_000_000;

async function failureOf(response: Response, secrets: Secrets): Promise<ProviderFailure> {
  const { status } = response;
  const text = await textOf(response, MAX_REFUSAL_BYTES);
  const words = wordsIn(text, secrets);
  const detail = words === '' ? String(status) : `${status}: ${words}`;
  // What is said of a key may hold a part of it.
  if (status === 401) return new ProviderFailure('key refused', { detail: '401' });
  if (status === 403) return new ProviderFailure('forbidden', { detail: '403' });
  if (status === 404) return new ProviderFailure(/\bmodel\b/iu.test(words) ? 'no model' : 'no endpoint', { detail });
  if (status === 413 || (status === 400 && TOO_LARGE.test(words))) return new ProviderFailure('too large', { detail });
  const retry = retryAfterMs(response.headers.get('retry-after'));
  if (status === 429) return new ProviderFailure('too many', { detail, retryAfterMs: retry });
  if (status === 408 || status >= 500) return new ProviderFailure('failing', { detail, retryAfterMs: retry });
  return new ProviderFailure(status < 400 ? 'moved' : 'turned down', { detail });
}

/** What hosts say of texts that are too long for their model, or too many together. */
const TOO_LARGE = /context|too (?:long|large)|max\w*\b.*\btokens?|\btokens?\b.*\bmax/iu;

/** As much as is told of what a provider says. */
const MAX_WORDS = 200;

/** Keys begin so; another one than ours is no less a secret. */
const KEY_LIKE = /\b(?:sk-|Bearer\s+|eyJ)[\w.%~+/=*-]+/gu;

/** Shorter texts are words of any message. */
const MIN_HIDDEN = 12;

function wordsIn(text: string, { key, texts }: Secrets): string {
  const keys = key === undefined ? [] : [key, encodeURIComponent(key)];
  const long = texts.filter(({ length }) => length >= MIN_HIDDEN);
  // A host that repeats a question repeats its JSON.
  const hidden = [...keys, ...long, ...long.map((whole) => JSON.stringify(whole).slice(1, -1))];
  const words = hidden.reduce((rest, secret) => rest.replaceAll(secret, '…'), messageIn(text));
  return words.replaceAll(KEY_LIKE, '…').replaceAll(/\s+/gu, ' ').trim().replace(/\.$/u, '').slice(0, MAX_WORDS);
}

/** The providers say `error: {message}`, `error` or `message`; anything else may be what it was sent. */
function messageIn(text: string): string {
  try {
    const told: unknown = JSON.parse(text);
    const error = fieldOf(told, 'error');
    const message = fieldOf(error, 'message') ?? error ?? fieldOf(told, 'message');
    return typeof message === 'string' ? message : '';
  } catch (error) {
    // A page, or nothing: the status says enough.
    if (error instanceof SyntaxError) return '';
    throw error;
  }
}

/** What a record from outside has under a name. */
export function fieldOf(record: unknown, name: string): unknown {
  return typeof record === 'object' && record !== null ? Reflect.get(record, name) : undefined;
}

/** The failure behind whatever a call rejected with. No cause: what `fetch` complains of may hold headers. */
export function failureBehind(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const { trouble, code } = troubleBehind(error) ?? { trouble: 'lost' };
  return new ProviderFailure(trouble, { detail: code });
}
