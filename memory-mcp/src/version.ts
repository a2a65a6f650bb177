// The version of this program, as its package.json states it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The bundler puts the text in place of this name; unbundled there is no such variable. */
declare const EPISODICA_VERSION: string | undefined;

/** The version of `@episodica/memory-mcp`. */
export const version: string = typeof EPISODICA_VERSION === 'string' ? EPISODICA_VERSION : versionOfPackage();

function versionOfPackage(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert(typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string');
  return parsed.version;
}
