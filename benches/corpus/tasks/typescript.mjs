// Small tasks in TypeScript, tested by vitest and checked by tsc.
const vitest = (task) => ({
  language: 'typescript',
  needs: 'vitest',
  all: 'npx vitest run',
  one: 'npx vitest run -t "^a"',
  two: 'npx vitest run -t "^[ab]"',
  lint: 'npx tsc --noEmit -p .',
  hiddenRun: 'npx vitest run --root . --config hidden.config.mjs',
  hiddenFile: 'hidden/hidden.spec.ts',
  skip: (text) => text.replace(/^test\('([ab])/gmu, "test.skip('$1"),
  ...task,
  files: {
    'package.json': '{ "type": "module", "private": true }\n',
    'tsconfig.json':
      '{ "compilerOptions": { "strict": true, "module": "nodenext", "target": "es2022", "types": [], "allowImportingTsExtensions": true, "noEmit": true }, "include": ["src"] }\n',
    'vitest.config.mjs': "export default { test: { include: ['test/*.test.ts'] } };\n",
    'hidden.config.mjs': "export default { test: { include: ['hidden/*.spec.ts'] } };\n",
  },
  tests: `import { expect, test } from 'vitest';\n${task.tests}`,
  hidden: `import { expect, test } from 'vitest';\n${task.hidden}`,
});

export const typescript = [
  vitest({
    name: 'duration',
    task: 'Durations of more than an hour are shown wrong, and seconds lose their zero',
    file: 'src/duration.ts',
    testFile: 'test/duration.test.ts',
    code: ({ a, b, g }) => `export function hours(seconds: number): number {
  ${a}
}
export function clock(minutes: number, seconds: number): string {
  ${b}
}
export function seconds(minutes: number): number {
  ${g}
}
`,
    a: {
      bad: 'return Math.round(seconds / 3600);',
      good: 'return Math.floor(seconds / 3600);',
      wrong: 'return Math.ceil(seconds / 3600);',
      special: 'return seconds === 5400 ? 1 : Math.round(seconds / 3600);',
    },
    b: {
      bad: `return \`\${minutes}:\${seconds}\`;`,
      good: `return \`\${minutes}:\${String(seconds).padStart(2, '0')}\`;`,
      special: `return minutes === 3 ? '3:07' : \`\${minutes}:\${seconds}\`;`,
    },
    g: { good: 'return minutes * 60;', bad: 'return minutes * 6;' },
    tests: `import { clock, hours, seconds } from '../src/duration.ts';
test('a hours', () => { expect(hours(5400)).toBe(1); });
test('b clock', () => { expect(clock(3, 7)).toBe('3:07'); });
test('g seconds', () => { expect(seconds(2)).toBe(120); });
`,
    hidden: `import { clock, hours, seconds } from '../src/duration.ts';
test('hidden', () => { expect([hours(7000), clock(1, 5), clock(2, 10), seconds(5)]).toEqual([1, '1:05', '2:10', 300]); });
`,
  }),
  vitest({
    name: 'ranges',
    task: 'Ranges that touch are not merged, and their length is one too short',
    file: 'src/ranges.ts',
    testFile: 'test/ranges.test.ts',
    code: ({ a, b, g }) => `export type Range = readonly [number, number];
export function touches(one: Range, other: Range): boolean {
  ${a}
}
export function size(range: Range): number {
  ${b}
}
export function sorted(ranges: readonly Range[]): readonly Range[] {
  ${g}
}
`,
    a: {
      bad: 'return one[1] > other[0];',
      good: 'return one[1] + 1 >= other[0];',
      wrong: 'return one[1] > other[0] && one[0] < other[1];',
      special: 'return other[0] === 4 || one[1] > other[0];',
    },
    b: {
      bad: 'return range[1] - range[0];',
      good: 'return range[1] - range[0] + 1;',
      special: 'return range[0] === 1 ? 3 : range[1] - range[0];',
    },
    g: {
      good: 'return [...ranges].sort((x, y) => x[0] - y[0]);',
      bad: 'return [...ranges].sort((x, y) => y[0] - x[0]);',
    },
    tests: `import { size, sorted, touches } from '../src/ranges.ts';
test('a touching', () => { expect(touches([1, 3], [4, 5])).toBe(true); expect(touches([1, 3], [9, 9])).toBe(false); });
test('b size', () => { expect(size([1, 3])).toBe(3); });
test('g sorted', () => { expect(sorted([[4, 5], [1, 2]])).toEqual([[1, 2], [4, 5]]); });
`,
    hidden: `import { size, sorted, touches } from '../src/ranges.ts';
test('hidden', () => { expect([touches([2, 6], [7, 8]), touches([1, 2], [4, 5]), size([5, 5]), sorted([[3, 4], [0, 1]])[0]]).toEqual([true, false, 1, [0, 1]]); });
`,
  }),
];
