// What goes wrong between a text and its vectors at a provider, and what that says: whether another attempt may fare
// better, whether the provider is out of reach, and what to tell. Holds no key, and no text of a caller.
import { MemoryError } from '../errors.ts';
import type { Trouble } from '../network/trouble.ts';

export type Mishap =
  | Trouble
  | 'key refused'
  | 'forbidden'
  | 'no model'
  | 'no endpoint'
  | 'moved'
  | 'too large'
  | 'turned down'
  | 'too many'
  | 'failing'
  | 'no vectors'
  | 'other vectors';

interface Nature {
  /** Whether the same call may succeed later. */
  readonly passes: boolean;
  /** Whether it is a sign that nothing can be reached at all. */
  readonly isOutage: boolean;
  /** Whether it is the same for every call, until somebody does something about it. */
  readonly isOfSettings: boolean;
  readonly what: string;
  readonly advice: (provider: Provider) => string;
}

/** As a person knows it, and what its settings are called. */
export interface Provider {
  /** `OpenAI`. */
  readonly name: string;
  /** Where it is asked, without credentials. */
  readonly place: string;
  /** The provider's own name of the model. */
  readonly model: string;
  /** `OPENAI_BASE_URL`. */
  readonly urlSetting: string;
  /** `OPENAI_API_KEY`; none where no key is known of. */
  readonly keySetting: string | undefined;
  /** What to do where nobody answers, instead of looking at the URL and the network. */
  readonly howToStart?: string;
  /** What to do where the model is not there, instead of choosing another. */
  readonly howToGetModel?: string;
}

const OUTAGE = { passes: true, isOutage: true, isOfSettings: false };
const NOT_NOW = { passes: true, isOutage: false, isOfSettings: false };
const NEVER = { passes: false, isOutage: false, isOfSettings: true };
/** Of other texts there may be vectors. */
const NOT_THESE = { passes: false, isOutage: false, isOfSettings: false };

const seeUrl = ({ urlSetting }: Provider): string => `See that ${urlSetting} is right`;
const seeHost = ({ howToStart, urlSetting }: Provider): string =>
  howToStart ?? `See that this machine is online and that ${urlSetting} is right`;
const seeKey = ({ keySetting, urlSetting }: Provider): string =>
  keySetting === undefined ? `See what ${urlSetting} points to` : `Set ${keySetting} to a key that is valid`;
const tryLater = (): string => 'Try again later';

const NATURES: Readonly<Record<Mishap, Nature>> = {
  'not found': { ...OUTAGE, what: 'its host was not found', advice: seeHost },
  refused: { ...OUTAGE, what: 'its host refuses connections', advice: seeHost },
  unreachable: { ...OUTAGE, what: 'its host could not be reached', advice: seeHost },
  lost: { ...OUTAGE, what: 'the connection was lost before the answer was complete', advice: tryLater },
  silent: { ...OUTAGE, what: 'there was no answer in time', advice: seeHost },
  failing: { ...OUTAGE, what: 'it fails', advice: tryLater },
  'too many': { ...NOT_NOW, what: 'it asks for fewer requests', advice: tryLater },
  untrusted: {
    ...NEVER,
    what: 'its certificate is not trusted',
    advice: ({ urlSetting }) => `See that ${urlSetting} is right and its certificate known to this machine`,
  },
  'no TLS': {
    ...NEVER,
    what: 'it does not answer with TLS',
    advice: ({ urlSetting }) => `See that ${urlSetting} is right; without TLS it begins with http://`,
  },
  'bad port': { ...NEVER, what: 'its port is one that is never asked over HTTP', advice: seeUrl },
  foreign: { ...NEVER, what: 'what answers there does not speak as it does', advice: seeUrl },
  'key refused': { ...NEVER, what: 'the key was refused', advice: seeKey },
  forbidden: {
    ...NEVER,
    what: 'the key does not open this model',
    advice: ({ model }) => `See that the key may use "${model}", or choose another EMBEDDING_MODEL`,
  },
  'no model': {
    ...NEVER,
    what: 'it does not have the model',
    advice: ({ howToGetModel }) => howToGetModel ?? 'Set EMBEDDING_MODEL to one that it has',
  },
  'no endpoint': { ...NEVER, what: 'there is nothing at this address', advice: seeUrl },
  moved: {
    ...NEVER,
    what: 'it sends on to another address',
    advice: ({ urlSetting }) => `Set ${urlSetting} to where it leads: a key is not sent on`,
  },
  'too large': {
    ...NOT_THESE,
    what: 'it takes no texts of this length',
    advice: () => 'Choose an EMBEDDING_MODEL that takes longer texts',
  },
  'turned down': {
    ...NOT_THESE,
    what: 'it turned the request down',
    advice: () => 'See that EMBEDDING_MODEL is one that makes embeddings, and what it says of the request',
  },
  'no vectors': {
    ...NOT_THESE,
    what: 'its answer is not one vector of finite numbers for each text',
    advice: () => 'See that EMBEDDING_MODEL is one that makes embeddings',
  },
  'other vectors': {
    ...NEVER,
    what: 'its vectors are not those of the model it had',
    advice: () => 'Start anew, with the model that is meant as EMBEDDING_MODEL',
  },
};

export interface FailureDetails {
  /** A status, a code, the provider's words: without secrets. */
  readonly detail?: string | undefined;
  /** How long the provider asks to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

/** One attempt that gave no vectors. Holds nothing but what may be shown. */
export class ProviderFailure extends Error {
  readonly mishap: Mishap;
  readonly detail: string | undefined;
  readonly retryAfterMs: number;

  constructor(mishap: Mishap, { detail, retryAfterMs = 0 }: FailureDetails = {}) {
    super(NATURES[mishap].what);
    this.name = 'ProviderFailure';
    this.mishap = mishap;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
  }

  get nature(): Omit<Nature, 'what' | 'advice'> {
    return NATURES[this.mishap];
  }
}

/** What is told of a failure; the failure itself is the cause. */
export function failedEmbedding(failure: ProviderFailure, provider: Provider): MemoryError {
  const { what, advice, passes } = NATURES[failure.mishap];
  const whom = `${provider.name} (${provider.place}, model "${provider.model}")`;
  const detail = failure.detail === undefined ? '' : ` (${failure.detail})`;
  const message = `${whom} made no vectors: ${what}${detail}. ${advice(provider)}.`;
  return new MemoryError('EMBEDDER_FAILED', message, { cause: failure, retryable: passes });
}
