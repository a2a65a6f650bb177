import { defineConfig } from 'vitest/config';

// Where continuous integration wants the counts; a person sees the plain report alone.
const report = process.env.EPISODICA_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['*/test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
