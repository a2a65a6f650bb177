// A reflector behind HTTP: one attempt within a deadline, its answer checked, and nobody asked for a while where nothing
// can be reached or the settings are wrong.
import { askProvider, failureBehind, headersWith } from '../embed/provider-call.ts';
import { type Provider, ProviderFailure } from '../embed/provider-failure.ts';
import { MemoryError, throwIfAborted } from '../errors.ts';
import { endAfter } from '../network/attempt.ts';
import { breaker } from '../network/breaker.ts';
import type { Reflector } from '../ports/reflector.ts';
import type { Clock } from '../ports/runtime.ts';
import { type Prompt, promptFor, reflectionIn } from './prompt.ts';

/** How a provider is asked, and where its answer is. */
export interface ReflectorProtocol {
  readonly provider: Pick<Provider, 'name' | 'model' | 'urlSetting' | 'keySetting'>;
  /** As `Reflector.name`. */
  readonly name: string;
  readonly url: URL;
  readonly key: string | undefined;
  question(prompt: Prompt): object;
  /** What the model said; `undefined` where the answer is something else. */
  answer(told: object): unknown;
}

export interface ReflectorGuard {
  /** How long one episode may take. @default 20_000 */
  readonly timeoutMs?: number | undefined;
  /** For how long nobody is asked where that makes no sense. @default 60_000 */
  readonly restingMs?: number | undefined;
  /** Counts milliseconds from anywhere, and never back. @default that of the process */
  readonly clock?: Clock | undefined;
}

/** More than the longest answer that is read. */
const MAX_ANSWER_BYTES = 1_000_000;

/**
 * Sends nothing before the first call.
 * @throws `INVALID_INPUT` for a key that cannot be one
 */
export function httpReflector(protocol: ReflectorProtocol, guard: ReflectorGuard = {}): Reflector {
  const { timeoutMs = 20_000, restingMs = 60_000, clock = () => performance.now() } = guard;
  const headers = headersWith(protocol.key, protocol.provider);
  const host = breaker(restingMs, clock);
  let quietUntilMs = Number.NEGATIVE_INFINITY;

  async function asked(prompt: Prompt, signal: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(protocol.question(prompt));
    const secrets = { key: protocol.key, texts: [prompt.system, prompt.user] };
    return protocol.answer(
      await askProvider(protocol.url, { body, headers, signal, secrets, maxAnswerBytes: MAX_ANSWER_BYTES }),
    );
  }

  return {
    name: protocol.name,
    async reflect(input, { signal }) {
      throwIfAborted(signal);
      if (quietUntilMs > clock() || host.restMs() > 0) throw resting(protocol);
      const attempt = host.begin();
      const over = endAfter(timeoutMs, signal);
      try {
        const text = await asked(promptFor(input), over.signal);
        attempt.answered();
        const reflection = typeof text === 'string' ? reflectionIn(text) : undefined;
        if (reflection === undefined) throw failed(protocol, 'its answer is not the three lists that were asked for');
        return reflection;
      } catch (error) {
        if (signal?.aborted) attempt.abandoned();
        throwIfAborted(signal);
        if (error instanceof MemoryError) throw error;
        const failure = over.signal.aborted ? new ProviderFailure('silent') : failureBehind(error);
        if (failure.nature.isOutage) attempt.failed();
        else attempt.answered();
        if (failure.nature.isOfSettings) quietUntilMs = clock() + restingMs;
        if (failure.retryAfterMs > 0) quietUntilMs = clock() + Math.min(failure.retryAfterMs, MAX_RETRY_AFTER_MS);
        throw failed(protocol, `${whatOf(failure)}${statusOf(failure)}`);
      } finally {
        over.end();
      }
    },
  };
}

/** A host may ask to be left alone for longer than anybody would wait. */
const MAX_RETRY_AFTER_MS = 600_000;

function whatOf(failure: ProviderFailure): string {
  return failure.mishap === 'no vectors' ? 'its answer is something else than it should be' : failure.message;
}

/** The words of a provider may repeat what it was sent: of them no more than the status is told. */
function statusOf({ detail }: ProviderFailure): string {
  const [status] = /^\d{3}\b/u.exec(detail ?? '') ?? [];
  return status === undefined ? '' : ` (${status})`;
}

function failed({ provider, url }: ReflectorProtocol, what: string): MemoryError {
  const whom = `${provider.name} (${url.origin}, model "${provider.model}")`;
  const key = provider.keySetting === undefined ? '' : `, ${provider.keySetting}`;
  const advice = `See that REFLECTOR_MODEL${key} and ${provider.urlSetting} are right, or set REFLECTOR_PROVIDER=none`;
  return new MemoryError('REFLECTOR_FAILED', `${whom} told no lessons: ${what}. ${advice}.`, { retryable: true });
}

function resting({ provider }: ReflectorProtocol): MemoryError {
  const what = `${provider.name} is left alone for a while: what was tried before failed`;
  return new MemoryError('REFLECTOR_FAILED', `${what}. It is asked again by itself.`, { retryable: true });
}
