// Each process shows what it wrote to another one.
import type { Agent } from '@episodica/soak';
import { expect } from 'vitest';

export interface Shown {
  readonly findings: string[];
  count: number;
}

/** Hands what each process wrote to the next one, which reads it with its very next calls. */
export function showToNeighbours(agents: readonly Agent[]): Shown {
  return showTo(agents.map((writer, index) => [writer, agents[(index + 1) % agents.length] ?? writer]));
}

/** Waits until so much was shown that it proves something, however slow the machine is. */
export async function enoughShown(shown: Shown, count: number): Promise<void> {
  await expect.poll(() => shown.count).toBeGreaterThan(count);
}

/** Hands what each writer wrote to its reader, which reads it with its very next calls. */
export function showTo(pairs: readonly (readonly [writer: Agent, reader: Agent])[]): Shown {
  const shown: Shown = { findings: [], count: 0 };
  for (const [writer, reader] of pairs) {
    writer.onWrote(async ({ task }) => {
      shown.findings.push(...(await reader.look({ says: 'look', task })));
      shown.count += 1;
      writer.seen();
    });
  }
  return shown;
}
