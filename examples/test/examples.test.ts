import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EXAMPLES } from '../dist/catalogue.js';

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

function run(program: string): Ran {
  const file = fileURLToPath(new URL(`../dist/${program}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 170_000 });
  return { status, output: `${stdout}${stderr}` };
}

describe('examples', () => {
  test.each(Object.keys(EXAMPLES))('the example %s asserts its own result and ends well [PK-06]', (name) => {
    const { status, output } = run(name);
    expect(status, output).toBe(0);
  });

  test('the demo does the main job on real input within two minutes [PK-01]', { timeout: 120_000 }, () => {
    const { status, output } = run('demo');
    expect(status, output).toBe(0);
    expect(output).toContain('The demo did what it says');
  });
});
