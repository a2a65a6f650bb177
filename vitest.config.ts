import { defineConfig } from 'vitest/config';

// Where continuous integration wants the counts; a person sees the plain report alone.
const report = process.env.EPISODICA_TEST_REPORT;
const HOUR_MS = 3_600_000;
/** What takes seconds must not fail on a machine that does ten other things. */
const PATIENCE_MS = 180_000;

// `--mode long` runs the same tests with the counts that the promises are proved with: see `soak/test/form.ts`.
export default defineConfig(({ mode }) => ({
  test: {
    include: ['*/test/**/*.test.ts'],
    pool: 'forks',
    // Two also where there are two processors: tests wait for processes, disks and sockets most of the time.
    maxWorkers: 2,
    // What is built is what runs: it needs no transformation, which took longer than many a file of tests.
    server: { deps: { external: [/[/\\]dist[/\\]/u] } },
    provide: { form: mode === 'long' ? 'long' : 'short' },
    testTimeout: mode === 'long' ? HOUR_MS : PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    // One second, which is what it is otherwise, is soon over there.
    expect: { poll: { timeout: PATIENCE_MS / 3 } },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
}));
