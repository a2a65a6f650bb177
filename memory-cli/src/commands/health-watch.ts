// health watch: one look after the other, and how long each state has held.
import { setTimeout as sleep } from 'node:timers/promises';
import { isMemoryError } from '@episodica/memory-core';
import type { Component, Health } from '@episodica/memory-core/health';
import type { Invocation } from '../open.ts';
import { cut, heading, jsonLine, localTime, onOneLine, rendered, terminalWidth, writeOut } from '../output.ts';
import { ageText } from './amounts.ts';
import { componentLines, exitCodeOf } from './components.ts';
import { lookAt, type Memento } from './health.ts';

export interface WatchFlags {
  /** Seconds. */
  readonly interval: number;
  /** Looks; without, until it is interrupted. */
  readonly count?: number;
}

/** What one look found, and since when each part is as it is. */
interface Look {
  readonly at: string;
  readonly health: Health;
  readonly since: ReadonlyMap<string, { readonly status: Component['status']; readonly at: string }>;
}

/**
 * Looks again and again, also while the store is away. Ends with the exit code of the last look, and with 0 when it is
 * interrupted: that is how it is ended.
 */
export async function watch(invocation: Invocation, { interval, count = Infinity }: WatchFlags): Promise<number> {
  const show = shownAs(invocation);
  const memento: Memento = {};
  let last: Look | undefined;
  try {
    for (let done = 0; done < count; done += 1) {
      if (done > 0) await sleep(interval * 1_000, undefined, { signal: invocation.signal });
      const health = await lookAt(invocation, memento);
      const look = lookAfter(last, { health, at: new Date().toISOString() });
      await show(look, last);
      last = look;
    }
  } catch (error) {
    const isEnded = isMemoryError(error) ? error.code === 'ABORTED' : invocation.signal.aborted;
    if (!isEnded) throw error;
    return 0;
  }
  return last === undefined ? 0 : exitCodeOf(last.health);
}

function lookAfter(before: Look | undefined, { health, at }: Pick<Look, 'health' | 'at'>): Look {
  const since = health.components.map(({ name, status }) => {
    const known = before?.since.get(name);
    return [name, known?.status === status ? known : { status, at }] as const;
  });
  return { at, health, since: new Map(since) };
}

type Show = (look: Look, before: Look | undefined) => Promise<void>;

function shownAs({ format }: Invocation): Show {
  switch (format) {
    case 'json':
      return (look) => writeOut(jsonLine(resultOf(look)));
    case 'yaml':
      return async (look) => writeOut(`---\n${await rendered('yaml', resultOf(look), () => '')}\n`);
    case 'human':
      return process.stdout.isTTY ? redrawn() : changes;
  }
}

function resultOf({ at, health, since }: Look): object {
  const components = health.components.map((each) => ({ ...each, since: since.get(each.name)?.at ?? at }));
  return { at, status: health.status, components };
}

/** A line for each part whose status is another than before; at the first look, for all. */
const changes: Show = async ({ at, health }, before) => {
  for (const component of health.components) {
    const was = before?.since.get(component.name)?.status;
    if (was === component.status) continue;
    const change = was === undefined ? component.status : `${was} → ${component.status}`;
    const advice = component.advice === undefined ? '' : ` → ${component.advice}`;
    const line = `${localTime(at)} ${component.name}: ${change}: ${component.detail}${advice}`;
    await writeOut(`${onOneLine(line)}\n`);
  }
};

/** For how long each has been so. */
const HELD_COLUMNS = 12;

/** The same lines again and again. They are cut: one that wrapped would be two, and not be taken back. */
function redrawn(): Show {
  let shown = 0;
  return async ({ at, health, since }) => {
    const width = terminalWidth() - 1;
    const nowMs = Date.parse(at);
    const rows = health.components.flatMap((component) => {
      const [first = '', ...others] = componentLines(component, width - HELD_COLUMNS);
      const heldMs = nowMs - Date.parse(since.get(component.name)?.at ?? at);
      return [
        `${ageText(heldMs).padEnd(HELD_COLUMNS)}${first}`,
        ...others.map((line) => `${' '.repeat(HELD_COLUMNS)}${line}`),
      ];
    });
    const lines = [
      heading(cut(`${health.status} at ${localTime(at)}; Ctrl-C ends`, width)),
      ...rows.map((row) => cut(row, width)),
    ];
    const back = shown === 0 ? '' : `\u001b[${shown}A\u001b[J`;
    shown = lines.length;
    await writeOut(`${back}${lines.join('\n')}\n`);
  };
}
