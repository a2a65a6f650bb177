import type { StepInput } from '@episodica/memory-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toEpisode, toStep } from '../src/entities.ts';
import { type CompletedEpisode, complete, type Step } from '../src/episode.ts';
import { learn } from '../src/learn/learn.ts';
import { MAX_TRACE_STEPS, traceSteps } from '../src/learn/trace-steps.ts';
import { taskOf, traceOf } from '../src/trace.ts';

const AT = '2026-01-01T00:00:00.000Z';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: AT, episodeId: 'e' }),
    number: index + 1,
  }));
}

const ran = (command: string): StepInput => ({ tool: 'bash', action: 'run', parameters: { command } });
const failed = (command: string, message: string): StepInput => ({
  ...ran(command),
  result: { type: 'error', message },
});
const actOf = (command: string): string | undefined => traceSteps(steps([ran(command)]))[0]?.act;

function completed(description: string, inputs: readonly StepInput[]): CompletedEpisode {
  const outcome = { kind: 'success', artifacts: [] } as const;
  const opened = toEpisode({ description, project: '/work/parser' }, { id: 'e', at: AT });
  const learning = learn({ description, outcome, steps: steps(inputs), similar: [] });
  return complete(opened, { outcome, learning, at: AT });
}

describe('steps of a trace', () => {
  test.each([
    ['npm run build -- --force', 'bash: npm run build'],
    ['cd /repo && CI=1 npx vitest run a.test.ts 2>&1 | tail -5', 'bash: vitest'],
    ['git commit -m "a; b"', 'bash: git commit'],
    ['git -C web commit -m x', 'bash: git commit'],
    ['npm --prefix web test', 'bash: npm test'],
    ['python3 -m pytest -x', 'bash: pytest'],
    ['timeout 30s /usr/bin/grep -rn foo; echo $?', 'bash: grep'],
    ['cat > a.txt << EOF\nrm -rf /\nEOF', 'bash: cat'],
    ['cd src', 'bash: cd'],
    ['   ', 'bash'],
    ['node --test test/a.test.js', 'bash: node --test'],
    ['node --import tsx src/main.ts', 'bash: node main.ts'],
    ['python3 tools/migrate.py --all', 'bash: python migrate.py'],
    ['python -c "import os"', 'bash: python'],
    ['bash deploy.sh', 'bash: bash deploy.sh'],
    ['oven preheat 200', 'bash: oven preheat'],
    ['./x.sh deploy', 'bash: x.sh deploy'],
    ['mix test', 'bash: mix test'],
    ['pytest tests', 'bash: pytest'],
    ['rm notes', 'bash: rm'],
    ['sed s,a,b, file', 'bash: sed'],
  ])('of %j tell the program and what it was told to do [LE-06]', (command, act) => {
    expect(actOf(command)).toBe(act);
  });

  test.each([
    ['npm run migrate', 'bash: npm run migrate'],
    ['docker compose up -d', 'bash: docker compose'],
    ['oven bake', 'bash: oven bake'],
    ['DEBUG=1 ./run.sh', 'bash: run.sh'],
    ['git commit -m "fix the login"', 'bash: git commit'],
    ['pytest', 'bash: pytest'],
    ['Run the tests', 'bash'],
    ['run tests', 'bash'],
    ['find the login and mend it', 'bash'],
    ['migrate', 'bash'],
    ['execute', 'bash'],
    ['Тесты', 'bash'],
  ])('of a shell without a command read its action where that is a line of shell: %j [LE-06]', (action, act) => {
    expect(traceSteps(steps([{ tool: 'bash', action }]))[0]?.act).toBe(act);
    expect(traceSteps(steps([{ tool: 'edit', action }]))[0]?.act).toBe('edit');
  });

  test('that are equal and in a row become one that counts them [LE-06]', () => {
    const folded = traceSteps(steps(Array.from({ length: 1_000 }, () => ran('npm test'))));
    expect(folded).toEqual([{ act: 'bash: npm test', result: 'success', does: 'check', times: 1_000 }]);
  });

  test('keep the beginning and the end of very many, and say where something is missing [LE-06]', () => {
    const many = traceSteps(steps(Array.from({ length: 999 }, (_, index) => ({ tool: `t${index}`, action: 'x' }))));
    expect(many).toHaveLength(MAX_TRACE_STEPS);
    expect(many.at(0)?.act).toBe('t0');
    expect(many.at(-1)?.act).toBe('t998');
    expect(many.filter(({ isAfterGap }) => isAfterGap).map(({ act }) => act)).toEqual(['t849']);
  });

  test('that failed name the error alike whatever its paths and numbers, and say whether it was made good [LE-06]', () => {
    const [first, , third] = traceSteps(
      steps([
        failed('npm test', 'TypeError: Cannot read properties of undefined in /a/b.ts:12:3'),
        { tool: 'edit', action: 'x' },
        failed('npm test', 'TypeError: Cannot read properties of undefined in /c/d.ts:99:1'),
      ]),
    );
    expect(first?.error?.signature).toMatch(/^typeerror /u);
    expect(third?.error?.signature).toBe(first?.error?.signature);
    expect(first?.isMadeGood).toBe(false);
    const good = traceSteps(steps([failed('npm test', 'Error: no'), { tool: 'edit', action: 'x' }, ran('npm test')]));
    expect(good[0]?.isMadeGood).toBe(true);
  });

  test('are short, on one line and free of control characters, whatever the steps hold [LE-06]', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constant('\u001b[31m\u202e'.repeat(20)));
    fc.assert(
      fc.property(fc.array(fc.tuple(texts, texts, texts), { maxLength: 5 }), (rows) => {
        const taken = steps(
          rows.map(([tool, command, message]) => ({ ...failed(command, message), tool: `t${tool}`.slice(0, 100) })),
        );
        for (const { act, error } of traceSteps(taken)) {
          for (const text of [act, error?.excerpt ?? '']) {
            expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
            expect([...text].length).toBeLessThanOrEqual(160);
          }
        }
      }),
    );
  });
});

describe('traces', () => {
  test('tell the directories that were touched, with those above them, from the root of the project [LE-06]', () => {
    const edit = { tool: 'edit', action: 'x', parameters: { file_path: '/work/parser/src/lex/token.ts' } };
    expect(traceOf(completed('Fix it', [edit]))).toMatchObject({
      directories: ['src', 'src/lex'],
      outcome: 'success',
      steps: [{ act: 'edit', does: 'change' }],
    });
  });

  test('are made of steps where the episode is of before there were traces, and of nothing else [LE-06]', () => {
    const { trace, ...before } = completed('Fix it', [ran('ls')]);
    expect(traceOf(before)).toBeUndefined();
    expect(traceOf(before, trace)?.steps).toEqual(trace);
  });
});

describe('tasks', () => {
  const task = (description: string, metadata = {}): string => taskOf({ description, metadata });

  test('are the same whatever order, case and punctuation their words have [LE-06]', () => {
    expect(task('Fix the parser: empty input!')).toBe(task('empty INPUT — fix parser'));
    expect(task('Fix the parser')).not.toBe(task('Fix the lexer'));
    expect(task('Fix issue 12')).not.toBe(task('Fix issue 13'));
    expect(task('Исправить ошибку')).toBe(task('ошибку исправить'));
    expect(task('!!!')).not.toBe(task('???'));
  });

  test('are what the metadata names, as a number or a string, before what the words say [LE-06]', () => {
    expect(task('One', { task_id: 7 })).toBe(task('Two', { task_id: '7' }));
    expect(task('One', { task_id: 7 })).not.toBe(task('One', { task_id: 8 }));
    expect(task('One', { task_id: { deep: 1 } })).toBe(task('One'));
    expect(taskOf({ description: 'One', metadata: { task_id: 7 }, project: 'a' })).not.toBe(
      taskOf({ description: 'One', metadata: { task_id: 7 }, project: 'b' }),
    );
  });
});
