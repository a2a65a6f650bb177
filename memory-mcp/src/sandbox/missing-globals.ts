// What programs reach for that a sandbox does not have, and what to use instead.

const MODULES = 'There are no modules: fs, input and console are globals, and what else is needed is written out.';
const EXPORTS = 'There are no modules to fill: end the program with the value, or with export default and the value.';
const PROCESS = 'There is no process and no environment: hand values in as input.';
const NETWORK = 'There is no network: hand the data in as input.';
const TIMERS = 'There are no timers: call the function at once, or as Promise.resolve().then(callback).';
const BROWSER = 'There is no browser and no page: this is the language alone.';
const BYTES = 'Use a Uint8Array for bytes and strings for text.';
const MACHINE = 'No path of the machine is known here: fs holds files in memory, which start empty.';
const DYNAMIC = 'Code cannot be made from text here: write it out where it is needed.';
const CLOCK = 'Use Date.now().';
const CANCEL = 'Nothing can be cancelled here: a run ends at its time limit.';
const THREADS = 'There are no threads: a program runs alone.';

/** The instead of each global that programs expect and that is not there. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ...named(['require'], MODULES),
  ...named(['module', 'exports'], EXPORTS),
  ...named(['process', 'Deno', 'Bun'], PROCESS),
  ...named(['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'Headers', 'Request', 'Response'], NETWORK),
  ...named(['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'], TIMERS),
  ...named(['requestAnimationFrame', 'queueMicrotask'], TIMERS),
  ...named(['window', 'document', 'localStorage', 'sessionStorage', 'navigator', 'alert', 'prompt'], BROWSER),
  ...named(['Buffer', 'Blob', 'TextEncoder', 'TextDecoder', 'atob', 'btoa'], BYTES),
  ...named(['__dirname', '__filename'], MACHINE),
  ...named(['eval', 'Function', 'WebAssembly'], DYNAMIC),
  ...named(['performance'], CLOCK),
  ...named(['print'], 'Use console.log().'),
  ...named(['AbortController', 'AbortSignal'], CANCEL),
  ...named(['Worker', 'SharedArrayBuffer', 'Atomics'], THREADS),
  ...named(['structuredClone'], 'Use JSON.parse(JSON.stringify(value)), or copy the parts that change.'),
  ...named(['crypto'], 'Use Math.random() where it need not be secret, and a counter for names.'),
  ...named(['global', 'self'], 'Use globalThis.'),
  ...named(['URL', 'URLSearchParams'], 'Take the text apart with split, match or replace.'),
  ...named(['Intl'], 'Format by hand: toFixed, padStart and toISOString are there.'),
]);

/** Every name that has an instead. */
export const MISSING_GLOBALS: readonly string[] = [...INSTEAD.keys()];

/** Whether a program mentions anything at all that may be missing; few do, and only they are looked through. */
export function mentionsMissing(code: string): boolean {
  return MENTION.test(code);
}

const MENTION = new RegExp(`\\b(?:import|export|${MISSING_GLOBALS.join('|')})\\b`);

/** What to use instead of a global that is not there; undefined for a name that nobody expects. */
export function insteadOfGlobal(name: string): string | undefined {
  return INSTEAD.get(name);
}

/** What to do instead of importing `specifier`. */
export function insteadOfModule(specifier: string): string {
  const bare = specifier.replace(/^node:/, '').replace(/\/promises$/, '');
  if (bare === 'fs' || bare === 'memory' || bare === 'console' || bare === 'input') {
    return `${bare} is a global already: leave the import out.`;
  }
  if (/^(?:https?|http2|net|dns|tls|axios|node-fetch|undici|got|ws)$/.test(bare)) return NETWORK;
  if (/^(?:process|os|child_process|worker_threads|cluster)$/.test(bare)) return PROCESS;
  if (/^(?:timers|buffer)$/.test(bare)) return bare === 'timers' ? TIMERS : BYTES;
  return MODULES;
}

function named(names: readonly string[], instead: string): readonly (readonly [string, string])[] {
  return names.map((name) => [name, instead]);
}
