// The token of the HTTP server: given by the user, or made once and kept in a file that only its owner can read.
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryError, makePrivateFolder, readPrivateLine } from '@episodica/memory-core';
import { isLoopback } from './guard.ts';

/** A token, and where a user finds it. */
export interface FoundToken {
  readonly token: string;
  /** For a line that tells it; never the token itself. */
  readonly place: string;
}

const TOKEN_BYTES = 32;
const MIN_CHARACTERS = 32;
const ADVICE = `Make one with: openssl rand -hex ${TOKEN_BYTES}`;

/** What decides which token holds. */
export interface TokenSettings {
  readonly MCP_HOST: string;
  readonly MCP_TOKEN: string;
  readonly MEMORY_DATA_DIR: string;
}

/**
 * The token that clients have to show.
 * @throws `INVALID_INPUT` for one that is easily guessed, a file that others can read, or none where others reach the server
 */
export async function serverToken({ MCP_HOST, MCP_TOKEN, MEMORY_DATA_DIR }: TokenSettings): Promise<FoundToken> {
  if (MCP_TOKEN !== '') return { token: checked(MCP_TOKEN, 'MCP_TOKEN'), place: 'MCP_TOKEN' };
  if (!isLoopback(MCP_HOST)) {
    const what = `MCP_HOST ${MCP_HOST} can be reached from other machines, and MCP_TOKEN is not set`;
    throw new MemoryError('INVALID_INPUT', `${what}. ${ADVICE}; or listen on 127.0.0.1.`);
  }
  const path = join(MEMORY_DATA_DIR, 'mcp-token');
  if (!existsSync(path)) makeTokenFile(MEMORY_DATA_DIR, path);
  const line = await readPrivateLine(path, { what: 'token', advice: ADVICE });
  return { token: checked(line, `The token in ${path}`), place: path };
}

function checked(token: string, name: string): string {
  if (!/^[!-~]+$/u.test(token) || token.length < MIN_CHARACTERS) {
    throw new MemoryError('INVALID_INPUT', `${name} is not ${MIN_CHARACTERS} letters and digits or more. ${ADVICE}`);
  }
  return token;
}

/** Whole at once: of servers that start at the same time the first one's is taken by all, and none reads half a token. */
function makeTokenFile(folder: string, path: string): void {
  const mine = join(folder, `.mcp-token-${randomBytes(8).toString('hex')}`);
  try {
    makePrivateFolder(folder);
    writeFileSync(mine, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    linkSync(mine, path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'EEXIST') return;
    const what = `The token cannot be written to ${path}${code === '' ? '' : ` (${code})`}`;
    throw new MemoryError('INVALID_INPUT', `${what}. Make the folder writable, or set MCP_TOKEN.`, { cause });
  } finally {
    rmSync(mine, { force: true });
  }
}
