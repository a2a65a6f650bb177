// What a run in the sandbox costs when nothing is wrong with it, beside the bare engine, an empty thread and Node itself.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Json } from '@episodica/memory-core';
import { openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { throughput, timeAlternating, timeCalls, timingOf } from './measure.ts';
import { succeeded } from './sandbox-run.ts';
import type { Row } from './suite.ts';

const TRIVIAL = { code: '1 + 1' };
const COUNTS = { warmup: 30, calls: 200 };

/** How long a trivial run takes, warm and cold, and how many fit in a second. */
export async function trivialRows(sandbox: Sandbox): Promise<readonly Row[]> {
  const warm = await timeCalls(COUNTS, () => succeeded(sandbox, TRIVIAL));
  const perSecond = await throughput({ writers: 2, callsEach: 300 }, () => succeeded(sandbox, TRIVIAL));
  const cold = await timeAlternating({ warmup: 1, calls: 7 }, firstRun, emptyThread);
  // Last: the engines it drops are this thread's garbage.
  const bare = await timeCalls(COUNTS, await bareEngine());
  return [
    {
      what: 'trivial run, warm',
      unit: 'ms',
      value: warm.medianMs,
      p99: warm.p99Ms,
      target: { bound: 'at most', of: 'value', limit: 6 },
      baseline: { name: 'a fresh engine alone', value: bare.medianMs },
    },
    {
      what: 'trivial runs, 2 callers',
      unit: '/s',
      value: perSecond,
      target: { bound: 'at least', of: 'value', limit: 200 },
      baseline: { name: '1 caller', value: 1000 / warm.medianMs },
    },
    {
      what: 'first run of a new sandbox',
      unit: 'ms',
      value: cold.first.medianMs,
      p99: cold.first.p99Ms,
      baseline: { name: 'an empty thread', value: cold.second.medianMs },
    },
  ];
}

async function firstRun(): Promise<void> {
  const fresh = openSandbox();
  await succeeded(fresh, TRIVIAL);
  await fresh.close();
}

async function emptyThread(): Promise<void> {
  await once(new Worker('0', { eval: true }), 'exit');
}

/** A fresh instance with a memory of its own, the program and nothing of ours: the floor of every run. */
async function bareEngine(): Promise<() => Promise<void>> {
  const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  const wasmModule = await WebAssembly.compile(await readFile(file));
  // Its types speak of the CommonJS build, where this would be one level deeper; Node loads the ES module.
  const base = baseVariant as unknown as QuickJSSyncVariant;
  return async () => {
    const wasmMemory = new WebAssembly.Memory({ initial: 256, maximum: 1024 });
    const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(base, { wasmModule, wasmMemory }));
    const context = quickjs.newContext();
    const result = context.unwrapResult(context.evalCode(TRIVIAL.code));
    if (context.getNumber(result) !== 2) throw new Error('The bare engine cannot add.');
  };
}

const JAVASCRIPT = `const counts = new Map();
function count(word) {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}
for (const word of ['one', 'two', 'one']) count(word);
counts.get('one')`;
const TYPESCRIPT = JAVASCRIPT.replace('new Map()', 'new Map<string, number>()').replace(
  '(word)',
  '(word: string): void',
);

/** The same program in both languages. */
export async function languageRow(sandbox: Sandbox): Promise<Row> {
  const { first, second } = await timeAlternating(
    COUNTS,
    () => succeeded(sandbox, { code: TYPESCRIPT, language: 'typescript' }),
    () => succeeded(sandbox, { code: JAVASCRIPT }),
  );
  return {
    what: 'a run in TypeScript',
    unit: 'ms',
    value: first.medianMs,
    p99: first.p99Ms,
    baseline: { name: 'the same in JavaScript', value: second.medianMs },
  };
}

/** How much slower the engine computes than Node, without what a run costs around it. */
export async function slowdownRows(sandbox: Sandbox): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [what, compute] of COMPUTATIONS) {
    const outside = await timeCalls({ warmup: 3, calls: 15 }, async () => compute());
    const code = `(${compute.toString()})()`;
    const insideMs: number[] = [];
    for (let count = 0; count < 15; count += 1) insideMs.push((await succeeded(sandbox, { code })).usage.cpuMs);
    const inside = timingOf(insideMs);
    const baseline = { name: 'in Node', value: outside.medianMs };
    rows.push({ what: `computing ${what}`, unit: 'ms', value: inside.medianMs, p99: inside.p99Ms, baseline });
  }
  return rows;
}

const COMPUTATIONS: readonly (readonly [what: string, compute: () => number])[] = [
  ['fib(25)', fibonacci],
  ['2,000 round trips through JSON', jsonRoundTrips],
];

// These two run in the engine as their text, so they name nothing outside of themselves.
function fibonacci(): number {
  const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  return fib(25);
}

function jsonRoundTrips(): number {
  let length = 0;
  for (let number = 0; number < 2000; number += 1) {
    const text = JSON.stringify({ number, words: ['one', 'two'], at: { x: number, y: [1, 2, 3] } });
    length += JSON.stringify(JSON.parse(text)).length;
  }
  return length;
}

/** One call of a host function that answers at once, beside two threads that only pass a message to and fro. */
export async function hostCallRow(sandbox: Sandbox): Promise<Row> {
  const code = `const startedAt = Date.now();
for (let call = 0; call < ${CALLS_EACH}; call += 1) await memory.echo(call);
(Date.now() - startedAt) / ${CALLS_EACH}`;
  const host = { echo: async ([value = null]: readonly Json[]) => value };
  const insideMs: number[] = [];
  for (let count = 0; count < 20; count += 1) {
    const { result } = await succeeded(sandbox, { code, host });
    if (typeof result === 'number') insideMs.push(result);
  }
  const { medianMs, p99Ms } = timingOf(insideMs);
  const baseline = { name: 'between two bare threads', value: await threadRoundTripMs() };
  return { what: 'one call of the host, to and fro', unit: 'ms', value: medianMs, p99: p99Ms, baseline };
}

const CALLS_EACH = 200;

async function threadRoundTripMs(): Promise<number> {
  const echo = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', (text) => parentPort.postMessage(text));`;
  const thread = new Worker(echo, { eval: true });
  const { medianMs } = await timeCalls({ warmup: 100, calls: 1000 }, async (index) => {
    thread.postMessage(`${index}`);
    await once(thread, 'message');
  });
  await thread.terminate();
  return medianMs;
}
