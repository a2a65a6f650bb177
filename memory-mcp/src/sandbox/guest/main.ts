// What runs in the guest before a program: it takes the built-ins it needs, closes what must be closed, and answers
// the host afterwards. Nothing it holds is reachable from a program.
import { openConsole, show } from './console.ts';
import { type Budget, describeSize, encodeMarked, TOO_DEEP, TOO_LARGE, textProperty } from './encode.ts';
import { openFiles } from './files.ts';
import { type HostCall, type HostMethod, openBridge } from './host-bridge.ts';
import { lockDown } from './lockdown.ts';
import { type Bare, defineHidden, isError, ownData, parse, quote } from './primordials.ts';
import { clip } from './text.ts';

/** What the host calls. Every answer is text. */
export interface GuestControls extends Bare {
  /** Takes JSON text of `{resultChars, input?, methods?}`. */
  begin(config: string): void;
  /** `R` and the result as JSON, or `L` (too large) or `D` (too deep) and a description. Throws what a getter throws. */
  finish(value: unknown): string;
  /** JSON text of a thrown value: `{byEngine, empty, name, message, stack}`. */
  describe(thrown: unknown): string;
  settle(callId: number, succeeded: boolean, text: string | undefined): void;
  flush(): void;
  /** JSON text: `[{path, bytes}]`. */
  files(): string;
  /** A property of the object's own. */
  own(value: object, key: string): unknown;
}

/** Of a result, beside its characters. */
const RESULT_NODES = 200000;
const RESULT_DEPTH = 200;
const SHOWN_CHARS = 2000;

interface Config {
  readonly resultChars: number;
  readonly input?: unknown;
  readonly methods?: readonly HostMethod[];
}

/** Makes the realm ready. */
export function open(hostLog: (lines: string) => void, hostCall: HostCall): GuestControls {
  const isByEngine = lockDown();
  const guestConsole = openConsole(hostLog);
  const files = openFiles();
  const bridge = openBridge(hostCall);
  defineHidden(globalThis, 'console', guestConsole.object);
  defineHidden(globalThis, 'fs', files.object);
  defineHidden(globalThis, 'input', undefined);

  let budget: Budget = { __proto__: null, chars: 0, nodes: RESULT_NODES, depth: RESULT_DEPTH };
  return {
    __proto__: null,
    begin: (text) => {
      // The engine's host side writes it.
      const { input, methods, resultChars } = parse(text) as Config;
      guestConsole.start();
      budget = { __proto__: null, chars: resultChars, nodes: RESULT_NODES, depth: RESULT_DEPTH };
      defineHidden(globalThis, 'input', input);
      if (methods !== undefined) defineHidden(globalThis, 'memory', bridge.object(methods));
    },
    finish: (value) => {
      try {
        return 'R' + encodeMarked(value, budget);
      } catch (error) {
        if (error === TOO_LARGE) return 'L' + describeSize(value);
        if (error === TOO_DEEP) return 'D' + describeSize(value);
        throw error;
      }
    },
    describe: (thrown) => describe(thrown, isByEngine(thrown)),
    settle: bridge.settle,
    flush: guestConsole.flush,
    files: files.list,
    own: ownData,
  };
}

function describe(thrown: unknown, byEngine: boolean): string {
  const isKnown = isError(thrown);
  const name = isKnown ? textProperty(thrown, 'name', 'Error') : typeof thrown;
  const message = byEngine ? ownMessage(thrown) : isKnown ? textProperty(thrown, 'message', '') : shown(thrown);
  const stack = isKnown ? textProperty(thrown, 'stack', '') : '';
  const isEmpty = thrown === null || thrown === undefined || (isKnown && message === '');
  const kind = '{"byEngine":' + byEngine + ',"empty":' + isEmpty;
  return kind + ',"name":' + quote(name) + ',"message":' + quote(message) + ',"stack":' + quote(stack) + '}';
}

// What a getter throws in here is not what the program threw.
function shown(thrown: unknown): string {
  try {
    return clip(show(thrown), SHOWN_CHARS);
  } catch {
    return '[a value that cannot be shown]';
  }
}

// As the engine wrote it: no getter speaks in its place.
function ownMessage(error: unknown): string {
  const message = ownData(error as object, 'message');
  return typeof message === 'string' ? clip(message, SHOWN_CHARS) : '';
}
