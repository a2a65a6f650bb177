// What steps show of how well the work was done. Outputs are as the tools print them; those of vitest, node:test, pytest,
// unittest, tsc, biome, cargo and git were taken from real runs, the others follow the tools' own documentation.
import type { Step, StepInput } from '@episodica/memory-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toStep } from '../src/entities.ts';
import type { CheckEvidence } from '../src/episode.ts';
import { checkRuns, keptEvidence, MAX_EVIDENCE } from '../src/learn/check-evidence.ts';
import { readSteps } from '../src/learn/read-step.ts';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: '2026-01-01T00:00:00.000Z', episodeId: 'e' }),
    number: index + 1,
  }));
}

const ran = (command: string, output = '', type: 'success' | 'error' = 'success'): StepInput => ({
  tool: 'bash',
  action: 'run it',
  parameters: { command },
  result: type === 'success' ? { type, output } : { type, message: output },
});
const shown = (...inputs: readonly StepInput[]): readonly CheckEvidence[] =>
  keptEvidence(checkRuns(readSteps(steps(inputs))));
/** Kind, tool, whether it passed, and the counts, of the one piece of evidence of a command. */
const told = (command: string, output = '', type: 'success' | 'error' = 'success'): readonly unknown[] =>
  shown(ran(command, output, type)).flatMap(({ kind, tool, isPassed, passed, failed }) => [
    kind,
    tool,
    isPassed,
    ...(passed === undefined && failed === undefined ? [] : [`${passed ?? '-'}/${failed ?? '-'}`]),
  ]);

describe('summaries are read where the exit code is hidden', () => {
  test.each([
    ['npx vitest run', ' Test Files  1 failed (1)\n      Tests  1 failed | 1 passed | 1 skipped (3)', 'vitest', '1/1'],
    ['npx vitest run', ' Test Files  2 passed (2)\n      Tests  12 passed (12)', 'vitest', '12/0'],
    ['npx jest', 'Tests:       1 failed, 2 skipped, 4 passed, 7 total\nTime:        1.2 s', 'jest', '4/1'],
    ['npx jest', 'Test Suites: 1 passed, 1 total\nTests:       4 passed, 4 total', 'jest', '4/0'],
    ['npx mocha', '  cart\n    ✔ adds\n\n  3 passing (5ms)\n  1 failing\n\n  1) cart', 'mocha', '3/1'],
    ['npx mocha', '\n  3 passing (5ms)', 'mocha', '3/0'],
    ['node --test', '1..3\n# tests 3\n# suites 0\n# pass 1\n# fail 1\n# cancelled 0', 'node:test', '1/1'],
    ['node --test', 'ℹ tests 3\nℹ pass 3\nℹ fail 0\nℹ duration_ms 12', 'node:test', '3/0'],
    ['pytest', '=========== 1 failed, 2 passed, 1 skipped in 0.76s ===========', 'pytest', '2/1'],
    ['python3 -m pytest -q', '..\n2 passed in 0.10s', 'pytest', '2/0'],
    ['pytest', '==== 1 passed, 2 errors in 61.02s (0:01:01) ====', 'pytest', '1/2'],
    ['python -m unittest', 'Ran 3 tests in 0.006s\n\nFAILED (failures=1, skipped=1)', 'unittest', '1/1'],
    ['python -m unittest', 'Ran 3 tests in 0.006s\n\nOK', 'unittest', '3/0'],
    [
      'go test ./...',
      '--- FAIL: TestAdd (0.00s)\n    a_test.go:9: no\nFAIL\nFAIL\texample.org/a\t0.004s\nok  \texample.org/b\t0.002s',
      'go test',
      '-/1',
    ],
    ['go test ./...', 'ok  \texample.org/a\t0.004s\n?   \texample.org/c\t[no test files]', 'go test', '-/0'],
    [
      'go test -json ./a',
      '{"Action":"start","Package":"a"}\n{"Action":"pass","Package":"a","Test":"TestOne"}\n{"Action":"fail","Package":"a","Test":"TestTwo"}\n{"Action":"fail","Package":"a"}',
      'go test',
      '1/1',
    ],
    [
      'cargo test',
      'test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored;',
      'cargo test',
      '3/1',
    ],
    ['mvn test', '[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 0, Time elapsed: 0.1 s', 'mvn test', '3/2'],
    [
      'pytest --junitxml=/dev/stdout',
      '<testsuites name="all"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="0.1">',
      'pytest',
      '1/1',
    ],
  ])('%s [LE-02]', (command, output, tool, counts) => {
    expect(told(`${command} 2>&1 | tail -40`, output)).toEqual(['test', tool, counts.endsWith('/0'), counts]);
  });

  test.each([
    ['npx tsc -p .', "a.ts(1,14): error TS2322: Type 'string' is not assignable to type 'number'.", 'types', 'tsc', 1],
    [
      'npx tsc --pretty',
      '\u001b[96ma.ts\u001b[0m:1:14 - error TS2322: no\n\nFound 3 errors in the same file, starting at: a.ts:1',
      'types',
      'tsc',
      3,
    ],
    ['mypy src', 'src/a.py:1: error: no\nFound 2 errors in 1 file (checked 3 source files)', 'types', 'mypy', 2],
    ['mypy src', 'Success: no issues found in 3 source files', 'types', 'mypy', 0],
    ['npx eslint .', '✖ 3 problems (2 errors, 1 warning)', 'lint', 'eslint', 2],
    ['npx eslint .', '✖ 1 problem (0 errors, 1 warning)', 'lint', 'eslint', 0],
    [
      'biome lint src',
      'Checked 1 file in 3ms. No fixes applied.\nFound 1 error.\nFound 1 warning.',
      'lint',
      'biome',
      1,
    ],
    ['biome check', 'Checked 12 files in 30ms. No fixes applied.', 'lint', 'biome', 0],
    ['ruff check .', 'a.py:1:1: F401\nFound 1 error.\n[*] 1 fixable', 'lint', 'ruff', 1],
    ['ruff check .', 'All checks passed!', 'lint', 'ruff', 0],
    ['cargo clippy -- -D warnings', 'error: could not compile `rs` (lib) due to 1 previous error', 'lint', 'clippy', 1],
  ])('%s [LE-02]', (command, output, kind, tool, failed) => {
    expect(told(`${command} | head -50`, output)).toEqual([kind, tool, failed === 0, `-/${failed}`]);
  });

  test('a program of the work that prints the summary of a test runner ran tests, also a script of a package [LE-02]', () => {
    expect(told('python tests/parse.py', 'Ran 2 tests in 0.1s\n\nOK')).toEqual(['test', 'unittest', true, '2/0']);
    expect(told('npm run check', '      Tests  1 failed (1)', 'error')).toEqual(['test', 'vitest', false, '0/1']);
    expect(told('python tests/parse.py', 'parsed')).toEqual(['exit', 'python', true]);
  });

  test.each([
    ['npm test', '3 passed', 'npm test', '3/0'],
    ['npm test', '1 failed, 3 passed', 'npm test', '3/1'],
    ['npm test', 'passed: 3 passed', 'npm test', undefined],
    ['node test/all.js', '3 passed', 'node', '3/0'],
    ['npm test', '3 passed in 0.12s', 'pytest', '3/0'],
    ['make test', '===== 1 failed, 2 passed =====', 'pytest', '2/1'],
    ['pytest', '3 passed', 'pytest', '3/0'],
  ])(
    '%j that prints %j is told as %s: its command names it, unless a tool shows itself [LE-02]',
    (command, output, tool, counts) => {
      const type = counts?.endsWith('/0') === false ? 'error' : 'success';
      const expected = ['test', tool, type === 'success', ...(counts === undefined ? [] : [counts])];
      expect(told(command, output, type)).toEqual(expected);
    },
  );
});

describe('exit codes', () => {
  test.each([
    ['npm test', 'success', true],
    ['npm test', 'error', false],
    ['cd app && CI=1 timeout 60 npx vitest run 2>&1', 'error', false],
    ['npm test && git push', 'success', true],
    ['npm test && ls', 'error', undefined],
    ['npm test | tail -5', 'success', undefined],
    ['set -o pipefail; npm test | tail -5', 'error', false],
    ['npm test || true', 'success', undefined],
    ['npm test; git status', 'success', undefined],
    ['set -e; npm test; git status', 'success', true],
    ['npm test &', 'success', undefined],
    ['bash -lc "npm test"', 'error', false],
    ['(cd app && npm test)', 'success', true],
  ] as const)('of %j that ended with %s says of the tests: %s [LE-02]', (command, type, isPassed) => {
    const [test] = shown(ran(command, 'no summary', type)).filter(({ kind }) => kind === 'test');
    expect(test?.isPassed).toBe(isPassed);
  });

  test.each([
    'Exit code: 2',
    'exit code 1',
    'Process exited with code 1',
    '[exit status: 3]',
    'Command failed with exit code 1.',
    '<exit_code>1</exit_code>',
    'returncode=1',
  ])('told in the output count, as in %j [LE-02]', (line) => {
    expect(told('npm test', `nothing to see\n${line}`)).toEqual(['test', 'npm test', false]);
    expect(told('npm test', `it says "${line}" in the middle of a line, and more`)).toEqual(['test', 'npm test', true]);
  });

  test('that a line prints itself is the code of the command before [LE-02]', () => {
    expect(told(`npm test 2>&1 | tail -3; echo "exit: \${PIPESTATUS[0]}"`, 'x\nexit: 1')).toEqual([
      'test',
      'npm test',
      false,
    ]);
    expect(told('npm test; echo $?', 'x')).toEqual([]);
  });

  test('what a tool counted goes before the exit code of what stands around it [LE-02]', () => {
    expect(told('npm test', '# pass 3\n# fail 1')).toEqual(['test', 'node:test', false, '3/1']);
    expect(told('npx vitest run && git push', 'Tests  4 passed (4)\nrejected', 'error')).toEqual([
      'test',
      'vitest',
      true,
      '4/0',
    ]);
    expect(told('tsc -p . && npx vitest run', 'a.ts(1,1): error TS2322: no', 'error')).toEqual([
      'types',
      'tsc',
      false,
      '-/1',
    ]);
  });

  test('of a run that ended well what it quotes does not count, and where nobody knows the last that was counted does [LE-02]', () => {
    const inner = 'stdout | runner\n===== 3 failed in 0.1s =====\nsrc/a.ts: error TS2345: no';
    const outer = ' Tests  12 passed (12)';
    expect(told('npm test', `${inner}\n${outer}`)).toEqual(['test', 'vitest', true, '12/0']);
    expect(told('npm test | tail -20', `${inner}\n${outer}`)).toEqual(['test', 'vitest', true, '12/0']);
    expect(told('npx vitest run', `${outer}\n Tests  3 failed (3)`)).toEqual(['test', 'vitest', true, '12/0']);
    expect(told('npx vitest run', `exited with code 1\n${outer}`)).toEqual(['test', 'vitest', true, '12/0']);
    expect(told('npm test', 'error TS2345: shown by a test')).toEqual(['test', 'npm test', true]);
    expect(told('npm test', `${outer}\n Tests  3 failed (3)`, 'error')).toEqual(['test', 'vitest', false, '0/3']);
  });

  test.each([
    ['pytest -k nothing', '==== 3 deselected in 1.54s ===='],
    ['pytest --co -q', '12 tests collected in 1s'],
    ['pytest -V', 'pytest 8'],
    ['npx jest --listTests', 'a.test.js'],
    ['make -n test', 'pytest'],
    ['npx vitest run x --passWithNoTests', 'No test files found, exiting with code 0'],
    ['go test ./...', '?   \tpkg\t[no test files]'],
    ['python -m unittest', 'Ran 0 tests in 0.0s\n\nOK'],
  ])('that nothing failed in %j, which tests nothing, shows nothing [LE-02]', (command, output) => {
    expect(told(command, output)).toEqual([]);
  });

  test('tests that are only built are a build [LE-02]', () => {
    expect(told('cargo test --no-run')).toEqual(['build', 'cargo build', true]);
    expect(told('mvn -DskipTests verify', 'BUILD SUCCESS')).toEqual(['build', 'mvn build', true]);
    expect(told('mvn -Dtest=A test')).toEqual(['test', 'mvn test', true]);
  });

  test('where a program works may stand in front of what it does [LE-02]', () => {
    expect(told('npm --prefix web test')).toEqual(['test', 'npm test', true]);
    expect(told('npm -w web run test')).toEqual(['test', 'npm test', true]);
    expect(told('git -C w commit -m x')).toEqual(['commit', 'git', true]);
  });

  test('suites within suites of a JUnit report count once [LE-02]', () => {
    const report =
      '<testsuite name="a" tests="2" failures="1" errors="0">\n<testsuite name="b" tests="2" failures="1" errors="0">\n</testsuite>\n</testsuite>';
    expect(told('pytest --junitxml=/dev/stdout | cat', report)).toEqual(['test', 'pytest', false, '1/1']);
    expect(told('pytest --junitxml=/dev/stdout | cat', `${report}\n${report}`)).toContain('2/2');
  });
});

describe('what is no check', () => {
  test.each([
    'cat tests/a.txt',
    'ls build',
    'grep -rn "npm test" docs',
    'git commit --dry-run || cat test.log',
    'mkdir tests',
    'echo "pytest: 3 passed"',
    'vim test/a.test.ts',
    'pip install pytest',
    'npm install',
    'rm -rf build',
    'git log --grep=test',
    'pytest --version',
    'test -f package.json',
    "cat <<'EOF' > run.sh\nnpm test\nEOF",
  ])('%j [LE-02]', (command) => {
    expect(shown(ran(command, '3 passed in 0.1s'))).toEqual([]);
    expect(readSteps(steps([ran(command)]))).toMatchObject([{ isVerification: false }]);
  });

  test('reading about tests with a tool is none, running them with one is, whatever its server is called [LE-02]', () => {
    const named = (tool: string): readonly string[] =>
      shown({ tool, action: 'go', result: { type: 'success', output: '' } }).map(({ kind }) => kind);
    expect(['run_tests', 'test', 'mcp__ci__run_tests', 'runTests', 'pytest'].map(named)).toEqual(
      Array(5).fill(['test']),
    );
    expect([named('lint'), named('typecheck'), named('build'), named('git_commit')]).toEqual([
      ['lint'],
      ['types'],
      ['build'],
      ['commit'],
    ]);
    expect(['write_tests', 'get_test_results', 'read', 'list_builds', 'constructor'].flatMap(named)).toEqual([]);
  });

  test('a command is found in whatever parameter it stands, and without one in what was done [LE-02]', () => {
    const of = (input: Partial<StepInput>): readonly string[] =>
      shown({ tool: 'bash', action: 'x', result: { type: 'success' }, ...input }).map(({ tool }) => tool);
    expect(of({ parameters: { cmd: 'npx jest' } })).toEqual(['jest']);
    expect(of({ tool: 'shell', parameters: { command: ['bash', '-lc', 'cd a && cargo test'] } })).toEqual([
      'cargo test',
    ]);
    expect(of({ action: 'npm test' })).toEqual(['npm test']);
    expect(of({ tool: 'npm', action: 'test' })).toEqual(['npm test']);
  });
});

describe('the work itself', () => {
  const edit: StepInput = {
    tool: 'edit',
    action: 'x',
    parameters: { file_path: 'src/a.ts' },
    result: { type: 'success' },
  };

  test('a commit that was made is told, one that was refused is not [LE-02]', () => {
    expect(told('git add -A && git commit -qm "Run the tests; npm test"')).toEqual(['commit', 'git', true]);
    expect(told('git commit -m x', 'nothing to commit, working tree clean', 'error')).toEqual([]);
  });

  test.each([
    ['git checkout -- .', true],
    ['git checkout -- src/a.ts', true],
    ['git restore src/a.ts', true],
    ['git reset --hard', true],
    ['git checkout src/a.ts', true],
    ['git checkout HEAD~1 src/a.ts', true],
    ['git checkout -f', true],
    ['git stash', true],
    ['git -C . stash push', true],
    ['git stash list', false],
    ['git clean -fdn', false],
    ['git checkout -- src/b.ts', false],
    ['git checkout main', false],
    ['git restore --staged .', false],
    ['git reset HEAD~1', false],
  ])('after an edit %j throws own work away: %s [LE-02]', (command, isRevert) => {
    const found = shown(edit, ran(command)).filter(({ kind }) => kind === 'revert');
    expect(found).toEqual(isRevert ? [{ step: 2, kind: 'revert', tool: 'git', isPassed: false }] : []);
    // What others did is theirs.
    expect(shown(ran(command)).filter(({ kind }) => kind === 'revert')).toEqual([]);
  });

  test('what was put aside and taken out again was not thrown away, and what is new is cleaned away [LE-02]', () => {
    const kinds = (...inputs: readonly StepInput[]): readonly string[] => shown(...inputs).map(({ kind }) => kind);
    expect(kinds(edit, ran('git stash'), ran('npm test'), ran('git stash pop'))).toEqual(['test']);
    expect(kinds({ ...edit, tool: 'write' }, ran('git clean -fd'))).toEqual(['revert']);
  });

  test('a line only looks if every command in it does [LE-02]', () => {
    const look = (command: string): boolean => readSteps(steps([ran(command)]))[0]?.isLooking === true;
    for (const command of [
      'ls && rm -rf x',
      'find . -delete',
      'find . -exec rm {} +',
      'grep -rl x . | xargs sed -i s/x/y/',
      'cat p && git apply p',
      'head a && git push -f',
      'cat a > b',
      'cat $(rm x)',
      'rm x & ls',
    ]) {
      expect([command, look(command)]).toEqual([command, false]);
    }
    for (const command of ['cd a && ls', 'find . -name x | xargs grep -n y', 'sed -n 1,5p a', 'git -C a log | head']) {
      expect([command, look(command)]).toEqual([command, true]);
    }
  });

  test('a commit of the episode can be taken back, one from before it cannot be told from a task [LE-02]', () => {
    expect(shown(edit, ran('git commit -am x'), ran('git revert HEAD')).map(({ kind }) => kind)).toEqual([
      'commit',
      'revert',
    ]);
    expect(shown(ran('git revert abc123')).map(({ kind }) => kind)).toEqual([]);
  });
});

describe('bad input', () => {
  test('a check that timed out tells nothing [LE-02]', () => {
    expect(shown({ ...ran('npm test'), result: { type: 'timeout', message: '1 failed' } })).toEqual([]);
  });

  test('any text as a command, a tool and an output gives evidence that can be stored [LE-02]', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const piece = fc.constantFrom(
      'npm test',
      '&&',
      '|',
      ';',
      '"',
      "'",
      '<<EOF\n',
      '\n',
      '$(',
      '(',
      '\\',
      ' 1 failed',
      'exit code 1',
      '\u001b[31m',
      '\u202e',
    );
    const mixed = fc.array(fc.oneof(text, piece), { maxLength: 12 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(mixed, mixed, text, (command, output, tool) => {
        const found = shown(ran(command, output), { ...ran(command, output, 'error'), tool: tool.trim() || 'x' });
        for (const { tool: by, passed, failed } of found) {
          expect(by).not.toMatch(/[\n\r]/u);
          expect(by.length).toBeLessThanOrEqual(120);
          for (const count of [passed, failed]) expect(count === undefined || Number.isSafeInteger(count)).toBe(true);
        }
      }),
    );
  });

  test('however long the lines before it are, the summary at the end is read, and a command of that length is none [LE-02]', () => {
    const pieces = [
      '1 failed, ',
      '<testsuite ',
      'Tests  1 failed | ',
      '"',
      'a && ',
      '<<A\n',
      'exit code ',
      ' ',
      '\\',
      '(',
      '{"Action":"',
    ];
    for (const piece of pieces) {
      const long = piece.repeat(Math.ceil(64_000 / piece.length));
      expect(told('pytest', `${long}\n1 failed, 2 passed in 0.10s`)).toEqual(['test', 'pytest', false, '2/1']);
      expect(shown(ran(long, long), { ...ran('x', long), tool: long.slice(0, 200) || 'x' })).toEqual([]);
    }
  });

  test('a count without end is cut [LE-02]', () => {
    expect(told('pytest', `${'9'.repeat(400)} failed in 0.1s`)).toEqual(['test', 'pytest', false, '0/1000000']);
  });

  test('of very many checks the newest are kept [LE-02]', () => {
    const many = shown(...Array.from({ length: 1_000 }, () => ran('npm test')));
    expect(many).toHaveLength(MAX_EVIDENCE);
    expect(many.at(-1)?.step).toBe(1_000);
  });
});
