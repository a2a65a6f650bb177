// `memory`: the host's functions. A call is one text to the host, and the answer one text back.
import { type Budget, encodePlain, isTooMuch } from './encode.ts';
import { type Member, withMembers } from './members.ts';
import {
  type Bare,
  define,
  defineHidden,
  ErrorClass,
  freeze,
  MapClass,
  mapDelete,
  mapGet,
  mapSet,
  outOfMemory,
  PromiseClass,
  parse,
  push,
  TypeErrorClass,
} from './primordials.ts';

/** Takes a call on its way; false ends the program. */
export type HostCall = (callId: number, method: string, argumentsText: string) => boolean;

/** A function of the host, as `begin` tells of it: made by `JSON.parse` before the program began. */
export interface HostMethod {
  readonly name: string;
  readonly isPaged: boolean;
  readonly isOffered?: boolean;
}

/** The bridge and how it is served. */
export interface HostBridge extends Bare {
  /** What a program sees as `memory`. */
  object(methods: readonly HostMethod[]): object;
  /** The host's answer to a call: a value, or `{code, message}`; undefined where there was no room for it. */
  settle(callId: number, succeeded: boolean, text: string | undefined): void;
}

const CALL_BUDGET: Budget = freeze({ __proto__: null, chars: 1048576, nodes: 50000, depth: 64 });

// A call under way. `first` is the text of its first argument, which every page is asked with again.
interface Call extends Bare {
  readonly method: string;
  readonly isPaged: boolean;
  readonly first: string;
  items: unknown[] | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The place of the call, for an error that comes back long after. */
  readonly site: string | undefined;
}

interface Bridge extends Bare {
  readonly hostCall: HostCall;
  readonly pending: Map<number, Call>;
  nextCall: number;
}

/** A bridge over the host's way in. */
export function openBridge(hostCall: HostCall): HostBridge {
  const bridge: Bridge = { __proto__: null, hostCall, pending: new MapClass(), nextCall: 1 };
  const object = (methods: readonly HostMethod[]): object => {
    const members: Member[] = [];
    for (let index = 0; index < methods.length; index += 1) {
      const method = methods[index];
      if (method === undefined) continue;
      const isOffered = method.isOffered !== false;
      push(members, { __proto__: null, name: method.name, value: hostFunction(bridge, method), isOffered });
    }
    return withMembers('memory', members);
  };
  const settle: HostBridge['settle'] = (callId, succeeded, text) => answer(bridge, callId, succeeded, text);
  return { __proto__: null, object, settle };
}

function hostFunction(bridge: Bridge, method: HostMethod): unknown {
  const { name, isPaged } = method;
  const call = (...values: unknown[]): Promise<unknown> => {
    let resolve: Call['resolve'] = ignore;
    let reject: Call['reject'] = ignore;
    // What is thrown in here would only reject the promise, an interruption too: nothing else is done in here.
    const promise = new PromiseClass<unknown>((resolveIt, rejectIt) => {
      resolve = resolveIt;
      reject = rejectIt;
    });
    let text: string;
    let first = '';
    try {
      text = argumentsText(name, values);
      if (isPaged) first = argumentsText(name, values[0]);
    } catch (error) {
      reject(error);
      return promise;
    }
    const site = new ErrorClass('').stack;
    send(bridge, { __proto__: null, method: name, isPaged, first, items: undefined, resolve, reject, site }, text);
    return promise;
  };
  defineHidden(call, 'name', name);
  return freeze(call);
}

function ignore(): void {}

function argumentsText(method: string, value: unknown): string {
  try {
    return encodePlain(value, CALL_BUDGET);
  } catch (error) {
    if (!isTooMuch(error)) throw error;
    throw new TypeErrorClass('The arguments of memory.' + method + ' are too large: at most 1 MB, 64 levels deep.');
  }
}

function send(bridge: Bridge, call: Call, text: string): void {
  const id = bridge.nextCall;
  bridge.nextCall += 1;
  const { hostCall } = bridge;
  // Refused is over: whatever runs is interrupted at its next turn. Thrown, because where the program goes on in the
  // executor of a promise, that turns an interruption into a rejection.
  if (!hostCall(id, call.method, text)) throw new ErrorClass('The limit of host calls is met.');
  mapSet(bridge.pending, id, call);
}

function answer(bridge: Bridge, callId: number, succeeded: boolean, text: string | undefined): void {
  const call = mapGet(bridge.pending, callId);
  if (call === undefined) return;
  mapDelete(bridge.pending, callId);
  const { reject, resolve } = call;
  try {
    // The host writes JSON of these forms.
    if (text === undefined) reject(outOfMemory());
    else if (!succeeded) reject(failure(call, parse(text) as { readonly code: string; readonly message: string }));
    else if (!call.isPaged) resolve(parse(text));
    else addPage(bridge, call, parse(text) as Page);
  } catch (error) {
    // There is no room for the answer: the program is told at its call.
    reject(error);
  }
}

// What is one thing and no list comes as `items` too, with nothing behind it.
interface Page {
  readonly items: unknown[];
  readonly next: unknown;
}

function addPage(bridge: Bridge, call: Call, page: Page): void {
  const { first, resolve } = call;
  const { next } = page;
  if (call.items === undefined) call.items = page.items;
  else for (let index = 0; index < page.items.length; index += 1) push(call.items, page.items[index]);
  if (next === null) resolve(call.items);
  else send(bridge, call, '[' + first + ',' + encodePlain(next, CALL_BUDGET) + ']');
}

function failure(call: Call, told: { readonly code: string; readonly message: string }): Error {
  const error = new ErrorClass(told.message);
  define(error, 'code', told.code);
  if (call.site !== undefined) defineHidden(error, 'stack', call.site);
  return error;
}
