// The sandbox: what runs cost, what it costs to think over the memory in it, and what attacks cost everybody else.
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { memoryReport, overshootReport, starvationRows } from './sandbox-attacks.ts';
import { codeModeRows } from './sandbox-code-mode.ts';
import { hostCallRow, languageRow, slowdownRows, trivialRows } from './sandbox-speed.ts';
import type { Suite, SuiteOptions, SuiteReport } from './suite.ts';

export const sandbox: Suite = {
  name: 'sandbox',
  about: 'Runs in the sandbox, each in a fresh engine; workers are warm. The store has 5,000 episodes.',
  run: sandboxReport,
};

export const attacks: Suite = {
  name: 'attacks',
  about: 'The catalogue of attacks on the sandbox, and what they do to the process and to other callers.',
  run: attacksReport,
};

async function sandboxReport(): Promise<SuiteReport> {
  const opened = openSandbox();
  const speed = [
    ...(await trivialRows(opened)),
    await languageRow(opened),
    await hostCallRow(opened),
    ...(await slowdownRows(opened)),
  ];
  await opened.close();
  return { rows: [...speed, ...(await codeModeRows())], notes: [] };
}

async function attacksReport(options: SuiteOptions): Promise<SuiteReport> {
  const overshoot = await overshootReport(options);
  const starvation = await starvationRows();
  const memory = memoryReport(options);
  const more = options.isFull ? [] : ['With `--full` every attack ten times, every bomb, and 10,000 runs.'];
  return {
    rows: [...overshoot.rows, ...starvation, ...memory.rows],
    notes: [...overshoot.notes, ...memory.notes, ...more],
  };
}
