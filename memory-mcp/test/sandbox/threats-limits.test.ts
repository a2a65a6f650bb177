import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Change, type Mutant, mutantOf, type Probe, type ProbeRun } from './mutants.ts';

/** One limit, what takes it out of the built sandbox, and the programs that meet it. */
interface Row {
  readonly limit: string;
  readonly changes: readonly Change[];
  readonly probe: Probe;
  /** What the copy without the limit gets instead, where it needs time to show that. */
  readonly patient?: { readonly options: Probe['options']; readonly probeMs: number };
}

/** From its first honest answer: a mutant that hangs is given up. */
const PROBE_MS = 3_000;
/** With its limits the sandbox must be right on any machine. */
const CONTROL_MS = 30_000;

/** In all copies: on a slow machine, what ends by itself must not be killed for being late. */
const PATIENCE: Change = { file: 'sandbox/limits.js', find: 'KILL_GRACE_MS = 100;', replace: 'KILL_GRACE_MS = 1_000;' };

/** Two runs that are there at the same time meet, however slow the machine is; where they still are not, both waits end. */
const MEETING: Row['patient'] = { options: { hostCallMs: 5_000 }, probeMs: 20_000 };

const codes = ({ ends }: ProbeRun): readonly string[] => ends.map(({ ok, error }) => (ok ? 'ok' : (error?.code ?? '')));

/** A probe that holds where its only program ends with `code`, by itself. */
function ending(code: string, request: Probe['requests'][number], options: Probe['options'] = {}): Probe {
  return {
    options,
    requests: [request],
    holds: (ran) => codes(ran)[0] === code && ran.ends[0]?.killed !== true,
  };
}

/** A probe that holds where its only program gives `result`. */
function giving(result: unknown, request: Probe['requests'][number], options: Probe['options'] = {}): Probe {
  return { options, requests: [request], holds: ({ ends }) => ends[0]?.ok === true && ends[0].result === result };
}

/** A program whose result is the code of the error that `statements` meet. */
const meeting = (statements: string): string =>
  `let met = 'nothing'; try { ${statements}; } catch (e) { met = e.code; } met`;

const HUNDRED_MB = 'const a = []; for (let i = 0; i < 100; i += 1) a.push(new Uint8Array(1e6).fill(1)); a.length';
const DEEP = 'let o = {}; for (let i = 0; i < 2000; i += 1) o = { o }; o';

const TIME: readonly Row[] = [
  {
    limit: 'the deadline, in the interruption',
    changes: [{ file: 'sandbox/run.js', find: 'this.#stop ??= timeoutCode(spent, this.#order.limits);', replace: '' }],
    probe: ending('TIMEOUT_CPU', { code: 'for (;;);', timeoutMs: 400 }),
  },
  {
    limit: 'the deadline, while the host is waited for',
    changes: [{ file: 'sandbox/run.js', find: 'timer = setTimeout(resolve, remainingMs);', replace: '' }],
    probe: ending('TIMEOUT_WALL', { code: 'await memory.never()', timeoutMs: 400, usesHost: true }),
  },
  {
    limit: 'the kill',
    changes: [{ file: 'sandbox/pool.js', find: 'if (leftMs + KILL_GRACE_MS <= 0)', replace: 'if (false)' }],
    probe: {
      requests: [{ code: 'Array(4294967295).indexOf(1)', timeoutMs: 400 }],
      holds: ({ ends }) => ends[0]?.killed === true,
    },
  },
  {
    limit: 'the flag that decides of a swallowed interruption',
    changes: [
      { file: 'sandbox/run.js', find: 'throw new RunFailed(timeoutError(this.#stop, limits));', replace: 'return;' },
    ],
    probe: ending('TIMEOUT_CPU', { code: 'new Promise(() => { for (;;); }); 1', timeoutMs: 400 }),
  },
  {
    limit: 'the time of one host call',
    changes: [
      {
        file: 'sandbox/host-calls.js',
        find: 'setTimeout(() => void this.#overdue(entry), this.#options.limits.hostCallMs)',
        replace: '0',
      },
    ],
    probe: giving(
      'TIMEOUT',
      {
        code: `let met = 'nothing'; try { await memory.never(); } catch (e) { met = e.code; } met`,
        usesHost: true,
        timeoutMs: 1_500,
      },
      { hostCallMs: 50 },
    ),
  },
  {
    limit: 'the longest time limit',
    changes: [{ file: 'sandbox/limits.js', find: 'MAX_TIMEOUT_MS = 60_000', replace: 'MAX_TIMEOUT_MS = 1e12' }],
    probe: { requests: [{ code: '1', timeoutMs: 1e12 }], holds: ({ ends }) => ends[0]?.limits?.timeoutMs === 60_000 },
  },
];

const ROOM: readonly Row[] = [
  {
    limit: 'the maximum of the memory',
    changes: [
      {
        file: 'sandbox/quickjs-engine.js',
        find: 'memoryPages = memoryMb * PAGES_PER_MB',
        replace: 'memoryPages = 256 * PAGES_PER_MB',
      },
    ],
    probe: ending('MEMORY', { code: HUNDRED_MB, memoryMb: 32 }),
  },
  {
    limit: 'the largest memory limit',
    changes: [{ file: 'sandbox/limits.js', find: 'MAX_MEMORY_MB = 256', replace: 'MAX_MEMORY_MB = 1024' }],
    probe: { requests: [{ code: '1', memoryMb: 1e9 }], holds: ({ ends }) => ends[0]?.limits?.memoryMb === 256 },
  },
  {
    limit: 'the stack',
    changes: [
      {
        file: 'sandbox/quickjs-engine.js',
        find: 'setMaxStackSize(GUEST_STACK_KB * 1024)',
        replace: 'setMaxStackSize(0)',
      },
    ],
    probe: giving('caught', { code: 'const f = () => f() + 1; try { f(); } catch { "caught" }' }),
  },
  {
    limit: 'the bytes of a result',
    changes: [{ file: 'sandbox/run.js', find: 'if (sizeBytes <= maxResultBytes)', replace: 'if (true)' }],
    probe: ending('RESULT_TOO_LARGE', { code: '"€".repeat(9)' }, { maxResultBytes: 20 }),
  },
  {
    limit: 'the values of a result',
    changes: [{ file: 'sandbox/guest-script.js', find: 'RESULT_NODES=2e5', replace: 'RESULT_NODES=1e9' }],
    probe: ending('RESULT_TOO_LARGE', { code: 'Array.from({ length: 201000 }, () => 1)' }),
  },
  {
    limit: 'the depth of a result',
    changes: [{ file: 'sandbox/guest-script.js', find: 'RESULT_DEPTH=200', replace: 'RESULT_DEPTH=1e9' }],
    probe: ending('RESULT_TOO_LARGE', { code: DEEP }),
  },
  {
    limit: 'the characters of a result, counted in the guest',
    changes: [{ file: 'sandbox/guest-script.js', find: 'chars:resultChars', replace: 'chars:1e9' }],
    probe: {
      requests: [{ code: '"x".repeat(3e6)' }],
      holds: ({ ends }) => ends[0]?.error?.message.includes('a string of 3000000 characters') === true,
    },
  },
  {
    limit: 'the first log lines that are kept',
    changes: [{ file: 'sandbox/recorder.js', find: 'MAX_HEAD_LINES = 500', replace: 'MAX_HEAD_LINES = 1e9' }],
    probe: printing('for (let i = 0; i < 20000; i += 1) console.log("l")', ({ logs }) => logs.length <= 1_000),
  },
  {
    limit: 'the last log lines that are kept',
    changes: [{ file: 'sandbox/recorder.js', find: 'MAX_TAIL_LINES = 500', replace: 'MAX_TAIL_LINES = 1e9' }],
    probe: printing('for (let i = 0; i < 20000; i += 1) console.log("l")', ({ logs }) => logs.length <= 1_000),
  },
  {
    limit: 'the bytes of the first log lines',
    changes: [
      { file: 'sandbox/recorder.js', find: '+ bytes.length <= HEAD_BYTES', replace: '+ bytes.length <= Infinity' },
    ],
    probe: printing('for (let i = 0; i < 100; i += 1) console.log("€".repeat(4000))', ({ ok }) => ok),
  },
  {
    limit: 'the bytes of the last log lines',
    changes: [
      { file: 'sandbox/recorder.js', find: 'this.#count(TAIL_USED) + bytes.length > TAIL_BYTES ||', replace: '' },
    ],
    probe: printing(
      'for (let i = 0; i < 100; i += 1) console.log("€".repeat(4000)); console.log("last")',
      ({ logs }) => logs.at(-1) === 'last',
    ),
  },
  {
    limit: 'the length of a log line',
    changes: [{ file: 'sandbox/guest-script.js', find: 'LINE_CHARS=4096', replace: 'LINE_CHARS=1e9' }],
    probe: printing('console.log("x".repeat(2e4))', ({ logs }) => (logs[0]?.length ?? 1e9) < 5_000),
  },
];

const HOST: readonly Row[] = [
  {
    limit: 'the number of host calls',
    changes: [{ file: 'sandbox/run.js', find: '>= this.#order.limits.maxHostCalls', replace: '>= Infinity' }],
    probe: ending(
      'HOST_CALL_LIMIT',
      { code: 'for (let i = 0; i < 6; i += 1) await memory.nothing(); 1', usesHost: true },
      { maxHostCalls: 5 },
    ),
  },
  {
    limit: 'the bytes of host calls',
    changes: [{ file: 'sandbox/run.js', find: '> this.#order.limits.maxHostBytes', replace: '> Infinity' }],
    probe: ending(
      'HOST_CALL_LIMIT',
      {
        code: 'try { await memory.large(3000) } catch {} for (let i = 0; i < 6; i += 1) try { await memory.large(3000); } catch {} 1',
        usesHost: true,
      },
      { maxHostBytes: 10_000 },
    ),
  },
  {
    limit: 'the host calls under way at the same time',
    changes: [{ file: 'sandbox/limits.js', find: 'MAX_CALLS_AT_ONCE = 8', replace: 'MAX_CALLS_AT_ONCE = 1e9' }],
    probe: {
      requests: [{ code: 'await Promise.all(Array.from({ length: 40 }, () => memory.turn())); 1', usesHost: true }],
      holds: ({ mostUnderWay }) => mostUnderWay > 0 && mostUnderWay <= 8,
    },
  },
  {
    limit: 'the bytes of one answer',
    changes: [{ file: 'sandbox/limits.js', find: 'MAX_ANSWER_BYTES = 2_097_152', replace: 'MAX_ANSWER_BYTES = 1e12' }],
    probe: giving('LIMIT_EXCEEDED', {
      code: `let met = 'nothing'; try { await memory.large(3e6); } catch (e) { met = e.code; } met`,
      usesHost: true,
    }),
  },
  {
    limit: 'the size of arguments',
    changes: [{ file: 'sandbox/guest-script.js', find: 'chars:1048576', replace: 'chars:1e9' }],
    probe: giving('TypeError', {
      code: `let met = 'nothing'; try { await memory.echo('x'.repeat(2e6)); } catch (e) { met = e.name; } met`,
      usesHost: true,
    }),
  },
  {
    limit: 'the keys that pollute prototypes',
    changes: [{ file: 'sandbox/host-calls.js', find: "if (key === '__proto__')", replace: 'if (false)' }],
    probe: giving(null, { code: 'await memory.merge(JSON.parse(\'{"__proto__": {"polluted": 1}}\'))', usesHost: true }),
  },
  {
    limit: 'the silence about errors of the host',
    changes: [
      {
        file: 'sandbox/host-calls.js',
        find: 'if (!isMemoryError(error))\n',
        replace: 'if (!isMemoryError(error)) return { code: "HOST_FAILED", message: error.message };\n if (false)\n',
      },
    ],
    probe: giving(false, {
      code: `let met = ''; try { await memory.breaks(); } catch (e) { met = e.message; } met.includes('secret')`,
      usesHost: true,
    }),
  },
];

const ENTRY: readonly Row[] = [
  {
    limit: 'the queue',
    changes: [
      {
        file: 'sandbox/pool.js',
        find: 'if (this.#queue.length - this.#startable() > this.#options.maxQueue)',
        replace: 'if (false)',
      },
    ],
    probe: {
      options: { warmWorkers: 1, maxWorkers: 1, maxQueue: 1 },
      requests: Array.from({ length: 4 }, () => ({ code: '1' })),
      holds: (ran) => codes(ran).filter((code) => code === 'QUEUE_FULL').length >= 2,
    },
  },
  {
    limit: 'the size of a source',
    changes: [{ file: 'sandbox/limits.js', find: 'MAX_SOURCE_BYTES = 65_536', replace: 'MAX_SOURCE_BYTES = 1e12' }],
    probe: ending('STATIC_REJECTED', { code: `1//${'x'.repeat(66_000)}` }),
  },
  {
    limit: 'the size of the input',
    changes: [{ file: 'sandbox/limits.js', find: 'MAX_INPUT_BYTES = 4_194_304', replace: 'MAX_INPUT_BYTES = 1e12' }],
    // Larger than what a command line holds, so that the program makes it of a name.
    probe: ending('INVALID_INPUT', { code: '1', input: { $repeat: 5e6 } }),
  },
  {
    limit: 'the nesting before types are taken off',
    changes: [{ file: 'sandbox/program.js', find: 'if (nestsTooDeep(source))', replace: 'if (false)' }],
    probe: ending('STATIC_REJECTED', {
      code: `const a: unknown = ${'['.repeat(250)}${']'.repeat(250)}; 1`,
      language: 'typescript',
    }),
  },
  {
    limit: 'the size of a file',
    changes: [{ file: 'sandbox/guest-script.js', find: 'FILE_BYTES=1048576', replace: 'FILE_BYTES=1e12' }],
    probe: giving('EFBIG', { code: meeting('fs.writeFile("a", "x".repeat(1048577))') }),
  },
  {
    limit: 'the number of files',
    changes: [{ file: 'sandbox/guest-script.js', find: 'ENTRIES=100', replace: 'ENTRIES=1e12' }],
    probe: giving('ENOSPC', { code: meeting('for (let i = 0; i < 101; i += 1) fs.writeFile("f" + i, "")') }),
  },
  {
    limit: 'the size of all files',
    changes: [{ file: 'sandbox/guest-script.js', find: 'TOTAL_BYTES=8388608', replace: 'TOTAL_BYTES=1e12' }],
    probe: giving('ENOSPC', { code: meeting('for (let i = 0; i < 9; i += 1) fs.writeFile("f" + i, "x".repeat(1e6))') }),
  },
  {
    limit: 'eval is off',
    changes: [
      { file: 'sandbox/guest-script.js', find: 'isNaN parseFloat', replace: 'isNaN eval parseFloat' },
      {
        file: 'sandbox/guest-script.js',
        find: 'defineHidden(globalThis,\\"eval\\",freeze(noEval))',
        replace: 'void 0',
      },
    ],
    probe: ending('THROWN', { code: 'globalThis["ev" + "al"]("1")' }),
  },
  {
    limit: 'Function is off',
    changes: [
      {
        file: 'sandbox/guest-script.js',
        find: 'defineFixed(prototype,\\"constructor\\",noFunction)',
        replace: 'void 0',
      },
    ],
    probe: ending('THROWN', { code: '(async () => {}).constructor("return 1")(); 1' }),
  },
];

const MORE: readonly Row[] = [
  {
    limit: 'the time for computing',
    changes: [{ file: 'sandbox/timeout.js', find: 'if (spent.cpuMs >= limits.cpuMs)', replace: 'if (false)' }],
    probe: ending('TIMEOUT_CPU', { code: 'for (;;);', cpuMs: 100, timeoutMs: 20_000 }),
  },
  {
    limit: 'the memory of all runs together',
    changes: [{ file: 'sandbox/pool.js', find: 'if (freeMb < 0)', replace: 'if (false)' }],
    probe: {
      options: { maxTotalMemoryMb: 64, maxWorkers: 2, hostCallMs: 200 },
      requests: Array.from({ length: 2 }, () => ({ code: meeting('await memory.meet()'), usesHost: true })),
      holds: ({ ends }) => ends.every(({ result }) => result === 'TIMEOUT'),
    },
    patient: MEETING,
  },
  {
    limit: 'the runs at the same time',
    changes: [
      { file: 'sandbox/pool.js', find: 'this.#options.maxWorkers - busy.length', replace: '1e9' },
      { file: 'sandbox/pool.js', find: 'const room = maxWorkers -', replace: 'const room = 1e9 -' },
    ],
    probe: {
      options: { maxWorkers: 1, warmWorkers: 1, hostCallMs: 200 },
      requests: Array.from({ length: 2 }, () => ({ code: meeting('await memory.meet()'), usesHost: true })),
      holds: ({ ends }) => ends.every(({ result }) => result === 'TIMEOUT'),
    },
    patient: MEETING,
  },
  {
    limit: 'the depth of folders',
    changes: [{ file: 'sandbox/guest-script.js', find: 'DEPTH=16', replace: 'DEPTH=1e9' }],
    probe: giving('EINVAL', { code: meeting('fs.writeFile("a/".repeat(40) + "b", "")') }),
  },
  {
    limit: 'the length of a path',
    changes: [{ file: 'sandbox/guest-script.js', find: 'PATH_CHARS=512', replace: 'PATH_CHARS=1e9' }],
    probe: giving('EINVAL', { code: meeting('fs.writeFile("a".repeat(600), "")') }),
  },
  {
    limit: 'writing',
    changes: [
      { file: 'code-mode/methods.js', find: '...(rights.allowWrites ? writes :', replace: '...(true ? writes :' },
    ],
    probe: giving('NOT_SUPPORTED', {
      code: meeting('await memory.createEpisode({ task_description: "Written by a program" })'),
      usesMemory: true,
    }),
  },
];

const ROWS: readonly Row[] = [...TIME, ...ROOM, ...HOST, ...ENTRY, ...MORE];

function printing(code: string, holds: (end: ProbeRun['ends'][number]) => boolean): Probe {
  return { requests: [{ code: `${code}; 1` }], holds: ({ ends }) => ends[0] !== undefined && holds(ends[0]) };
}

function told({ holds }: Probe, ran: ProbeRun | undefined): string {
  if (ran === undefined) return 'There was no answer in time.';
  return holds(ran) ? 'held' : JSON.stringify(ran);
}

let whole: Mutant;
beforeAll(() => {
  whole = mutantOf([PATIENCE]);
});
afterAll(() => whole.remove());

describe('T32: limits that are off and nobody notices', () => {
  for (const { limit, changes, probe, patient } of ROWS) {
    test(`${limit}: holds, and does not where it is taken out [SB-02] [SB-08]`, async () => {
      const mutant = mutantOf([PATIENCE, ...changes]);
      try {
        const given = { ...probe, options: { ...probe.options, ...patient?.options } };
        const [held, mutated] = await Promise.all([
          whole.run(probe, CONTROL_MS),
          mutant.run(given, patient?.probeMs ?? PROBE_MS),
        ]);
        expect(told(probe, held)).toBe('held');
        expect(told(probe, mutated)).not.toBe('held');
      } finally {
        mutant.remove();
      }
    });
  }
});
