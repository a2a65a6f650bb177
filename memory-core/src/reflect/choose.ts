// The reflector that the settings name. What it needs is loaded when it is chosen.
import type { Config } from '../config/settings.ts';
import { assertNever } from '../errors.ts';
import type { Reflector } from '../ports/reflector.ts';
import type { ReflectorGuard } from './http-reflector.ts';

/**
 * Asks nobody anything before its first call. Nothing: reflections are those of our own rules.
 * @throws `INVALID_INPUT` for a key or a URL that cannot be one
 */
export async function reflectorOf(values: Config, guard: ReflectorGuard = {}): Promise<Reflector | undefined> {
  const model = values.REFLECTOR_MODEL || undefined;
  switch (values.REFLECTOR_PROVIDER) {
    case 'none':
      return undefined;
    case 'openai': {
      const { openaiReflector } = await import('./openai.ts');
      const { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl } = values;
      return openaiReflector({ model, key: key || undefined, baseUrl: baseUrl || undefined }, guard);
    }
    case 'ollama': {
      const { ollamaReflector } = await import('./ollama.ts');
      return ollamaReflector({ model, baseUrl: values.OLLAMA_BASE_URL || undefined }, guard);
    }
    default:
      return assertNever(values.REFLECTOR_PROVIDER);
  }
}
