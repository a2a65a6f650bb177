// Addresses of records: how they are made, and what one that a client sent means.
import { isId } from '@episodica/memory-core';
import { ResourceNotFoundError } from '@modelcontextprotocol/server';

/** Where episodes are, by their id. */
export const EPISODE_TEMPLATE = 'memory://episodes/{id}';
/** Where patterns are, by their id. */
export const PATTERN_TEMPLATE = 'memory://patterns/{id}';
/** Where it is told which projects there are. */
export const PROJECTS_URI = 'memory://projects';

/** A record that an address names. */
export interface RecordAddress {
  readonly kind: 'episode' | 'pattern';
  readonly id: string;
  /** Of an episode: the first step that is told. */
  readonly stepsFrom: number;
}

/** Longest address that an answer repeats. */
const MAX_TOLD_URI = 200;
const STEPS_FROM = 'steps_from';

/** The address of a record; of an episode, from a step on where one is named. */
export function addressOf(kind: RecordAddress['kind'], id: string, stepsFrom?: number): string {
  const behind = stepsFrom === undefined ? '' : `?${STEPS_FROM}=${stepsFrom}`;
  return `memory://${kind}s/${id}${behind}`;
}

/**
 * The record that `uri` names; `undefined` where it is no address of a record.
 * @throws ResourceNotFoundError that says what is wrong with one that looks like it
 */
export function recordAt(uri: string): RecordAddress | undefined {
  if (uri.length > MAX_TOLD_URI || !URL.canParse(uri)) return undefined;
  const { protocol, host, pathname, search, hash } = new URL(uri);
  const kind = host === 'episodes' ? 'episode' : host === 'patterns' ? 'pattern' : undefined;
  if (protocol !== 'memory:' || kind === undefined) return undefined;
  const id = decoded(pathname.slice(1), uri).toLowerCase();
  if (!isId(id)) throw notAddress(uri, `the id of ${kind === 'episode' ? 'an episode' : 'a pattern'} is a UUID`);
  if (hash !== '') throw notAddress(uri, 'nothing is named by #; leave it out');
  return { kind, id, stepsFrom: stepsFromIn(search, { kind, uri }) };
}

function stepsFromIn(search: string, { kind, uri }: { readonly kind: string; readonly uri: string }): number {
  const given = [...new URLSearchParams(search)];
  if (given.length === 0) return 1;
  const [[name, value] = ['', '']] = given;
  if (kind !== 'episode' || given.length > 1 || name !== STEPS_FROM) {
    const known = kind === 'episode' ? `only ${STEPS_FROM}=NUMBER` : 'nothing';
    throw notAddress(uri, `behind its id comes ${known}`);
  }
  if (!/^[1-9]\d{0,8}$/u.test(value)) throw notAddress(uri, `${STEPS_FROM} is the number of a step, from 1 on`);
  return Number(value);
}

function decoded(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // It throws for nothing else.
    throw notAddress(uri, 'a % in it is not followed by the two digits of a byte of UTF-8');
  }
}

function notAddress(uri: string, reason: string): ResourceNotFoundError {
  return new ResourceNotFoundError(uri, `There is no resource ${JSON.stringify(uri)}: ${reason}.`);
}

/** Says which there are. */
export function unknownResource(uri: string, fixed: readonly string[]): ResourceNotFoundError {
  const asked = uri.slice(0, MAX_TOLD_URI);
  const known = [...fixed, EPISODE_TEMPLATE, PATTERN_TEMPLATE].join(', ');
  return new ResourceNotFoundError(asked, `There is no resource ${JSON.stringify(asked)}; there are ${known}.`);
}

/** Says where to look for one that is there. */
export function goneRecord({ kind, id }: RecordAddress): ResourceNotFoundError {
  const tool = kind === 'episode' ? 'query_memory finds episodes' : 'list_patterns lists those there are';
  return new ResourceNotFoundError(addressOf(kind, id), `There is no ${kind} ${JSON.stringify(id)}; ${tool}.`);
}
