// Reflection by a model of OpenAI, or of any host that speaks as it does (`POST …/chat/completions`).

import { fieldOf } from '../embed/provider-call.ts';
import { endpointAt } from '../network/base-url.ts';
import type { Reflector } from '../ports/reflector.ts';
import { httpReflector, type ReflectorGuard } from './http-reflector.ts';

export interface OpenaiReflectorOptions {
  /** Not needed by every host of one's own. */
  readonly key?: string | undefined;
  /** With the version in its path. @default `https://api.openai.com/v1` */
  readonly baseUrl?: string | undefined;
  /** @default `gpt-4o-mini` */
  readonly model?: string | undefined;
}

const OPENAI_URL = 'https://api.openai.com/v1';
const OPENAI_MODEL = 'gpt-4o-mini';

/** @throws `INVALID_INPUT` for a key or a base URL that cannot be one */
export function openaiReflector(options: OpenaiReflectorOptions = {}, guard: ReflectorGuard = {}): Reflector {
  const { key, baseUrl = OPENAI_URL, model = OPENAI_MODEL } = options;
  const urlSetting = 'OPENAI_BASE_URL';
  return httpReflector(
    {
      provider: { name: 'OpenAI', model, urlSetting, keySetting: 'OPENAI_API_KEY' },
      name: `openai/${model}`,
      url: endpointAt(baseUrl, { path: '/chat/completions', name: urlSetting }),
      key,
      // No more than every host and every model takes.
      question: ({ system, user }) => ({
        model,
        stream: false,
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: user },
        ],
      }),
      answer(told) {
        const choices = fieldOf(told, 'choices');
        return fieldOf(fieldOf(Array.isArray(choices) ? choices[0] : undefined, 'message'), 'content');
      },
    },
    guard,
  );
}
