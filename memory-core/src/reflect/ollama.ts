// Reflection by a model that Ollama runs (`POST /api/chat`), on this machine unless told otherwise.

import { fieldOf } from '../embed/provider-call.ts';
import { endpointAt } from '../network/base-url.ts';
import type { Reflector } from '../ports/reflector.ts';
import { httpReflector, type ReflectorGuard } from './http-reflector.ts';

export interface OllamaReflectorOptions {
  /** @default `http://127.0.0.1:11434` */
  readonly baseUrl?: string | undefined;
  /** @default `llama3.2` */
  readonly model?: string | undefined;
}

const OLLAMA_URL = 'http://127.0.0.1:11434';
const OLLAMA_MODEL = 'llama3.2';

/** @throws `INVALID_INPUT` for a base URL that cannot be one */
export function ollamaReflector(options: OllamaReflectorOptions = {}, guard: ReflectorGuard = {}): Reflector {
  const { baseUrl = OLLAMA_URL, model = OLLAMA_MODEL } = options;
  const urlSetting = 'OLLAMA_BASE_URL';
  return httpReflector(
    {
      provider: { name: 'Ollama', model, urlSetting, keySetting: undefined },
      name: `ollama/${model}`,
      url: endpointAt(baseUrl, { path: '/api/chat', name: urlSetting }),
      key: undefined,
      question: ({ system, user }) => ({
        model,
        stream: false,
        format: 'json',
        options: { temperature: 0 },
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: user },
        ],
      }),
      answer: (told) => fieldOf(fieldOf(told, 'message'), 'content'),
    },
    guard,
  );
}
