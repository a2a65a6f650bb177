// An object of ours that a program uses, such as `fs`: a member that does not exist is an error that names the nearest.
import { type Bare, define, defineHidden, freeze, lowerCase, ProxyClass, push, TypeErrorClass } from './primordials.ts';
import { clip } from './text.ts';

/** One function of such an object. */
export interface Member extends Bare {
  readonly name: string;
  readonly value: unknown;
  /** It works and is not offered: another name of one that is, or one that says why it is not to be had. */
  readonly isOffered: boolean;
}

/** The object `name` with these members, none of which can be changed. */
export function withMembers(name: string, members: readonly Member[]): object {
  const target: { [key: string]: unknown } = { __proto__: null } as never;
  const offered: string[] = [];
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index];
    if (member === undefined) continue;
    if (member.isOffered) {
      define(target, member.name, member.value);
      push(offered, member.name);
    } else defineHidden(target, member.name, member.value);
  }
  freeze(target);
  const get = (_object: object, key: string | symbol): unknown => {
    // Asked for by await and by conversion to text: they must find nothing, not an error.
    if (typeof key !== 'string' || isAskedInPassing(key) || target[key] !== undefined) return target[key as string];
    throw unknownMember(name, offered, key);
  };
  return new ProxyClass(target, { __proto__: null, get } as never);
}

function isAskedInPassing(key: string): boolean {
  return key === 'then' || key === 'toString' || key === 'valueOf' || key === 'toJSON' || key === 'name';
}

function unknownMember(name: string, offered: readonly string[], key: string): Error {
  let nearest = offered[0];
  let list = '';
  for (let index = 0; index < offered.length; index += 1) {
    const member = offered[index] ?? '';
    list += (index === 0 ? '' : ', ') + member;
    if (distance(key, member) < distance(key, nearest ?? '')) nearest = member;
  }
  const hint = nearest === undefined ? '' : ' Did you mean ' + name + '.' + nearest + '? It has: ' + list + '.';
  return new TypeErrorClass(name + '.' + clip(key, 100) + ' does not exist.' + hint);
}

/** Of a key that is compared; the work grows with its square. */
const COMPARED_CHARS = 40;

// How many letters must be put in, left out or changed to make one word of the other.
function distance(left: string, right: string): number {
  const from = lowerCase(clip(left, COMPARED_CHARS));
  const to = lowerCase(right);
  let row: number[] = [];
  for (let column = 0; column <= to.length; column += 1) push(row, column);
  for (let line = 1; line <= from.length; line += 1) {
    const next: number[] = [line];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[line - 1] === to[column - 1];
      const changed = (row[column - 1] ?? 0) + (isSame ? 0 : 1);
      const shorter = (row[column] ?? 0) < (next[column - 1] ?? 0) ? (row[column] ?? 0) : (next[column - 1] ?? 0);
      push(next, changed <= shorter ? changed : shorter + 1);
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
