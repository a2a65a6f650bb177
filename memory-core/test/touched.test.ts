// Which places an episode touched, and which a question names.
import { inMemoryStore, type JsonObject, openMemory, type Step } from '@episodica/memory-core';
import { aCompletedEpisode, anEpisode, aStep } from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { touched } from '../src/learn/touched.ts';
import { episodePlaces, placesInCommand, placeWithin } from '../src/places.ts';
import { fromRecord, toRecord } from '../src/transfer/record.ts';

const step = (tool: string, parameters: JsonObject): Step => aStep({ tool, parameters });

async function collected<T>(values: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('touched places', () => {
  test('files and directories in the parameters of steps are touched, in the order of first use [RE-02]', () => {
    const steps = [
      step('Grep', { pattern: 'retry|timeout', path: '/repo/src', output_mode: 'files_with_matches' }),
      step('Read', { file_path: '/repo/src/api/client.ts', offset: 10 }),
      step('Edit', {
        file_path: '/repo/src/api/client.ts',
        old_string: 'a/b.ts',
        new_string: 'see "docs/x.md" for it',
      }),
      step('MultiEdit', { file_path: '/repo/src/api/./server.ts', edits: [{ old_string: '', new_string: 'x / y' }] }),
      step('Bash', {
        command: 'cd /repo && npx vitest run test/client.test.ts 2>&1 | tail -20',
        description: 'Run it',
      }),
      step('NotebookEdit', { notebook_path: 'notes\\plot.ipynb', new_source: 'import x' }),
      step('apply_patch', { changes: { files: ['src/a.ts', '../b.ts'] }, cwd: '/repo/' }),
      step('open', { target: 'lib/main.rs', url: 'https://example.org/a/b.html', mime: 'text/html', n: 3 }),
      step('Read', { file_path: '/repo/src/api/client.ts' }),
    ];
    expect(touched(steps)).toEqual({
      touched: [
        '/repo/src',
        '/repo/src/api/client.ts',
        '/repo/src/api/server.ts',
        '/repo',
        'test/client.test.ts',
        'notes/plot.ipynb',
        'src/a.ts',
        '../b.ts',
        'lib/main.rs',
      ],
      tools: ['Grep', 'Read', 'Edit', 'MultiEdit', 'Bash', 'NotebookEdit', 'apply_patch', 'open'],
    });
  });

  test('of a shell command flags, addresses, variables and the text of a file are no places [RE-02]', () => {
    expect(placesInCommand('curl -sS --output=/tmp/x.json https://a.org/b.json > out/y.json 2>/dev/null')).toEqual([
      '/tmp/x.json',
      'out/y.json',
    ]);
    expect(
      placesInCommand(`sed -i 's/a/b/' src/*.ts "$HOME/x" lib/b.py && cat > c.md <<'END'\nsee d/e.ts\nEND`),
    ).toEqual(['lib/b.py', 'c.md']);
    expect(placesInCommand('npm test && echo done')).toEqual([]);
  });

  test('at most 64 places and 32 tools are told, however long and deep the parameters are [RE-02]', () => {
    const steps = Array.from({ length: 200 }, (_, at) => step(`tool ${at}`, { path: `src/file${at}.ts` }));
    expect(touched(steps).touched).toHaveLength(64);
    expect(touched(steps).tools).toHaveLength(32);
    let deep: JsonObject = { path: 'src/deep.ts' };
    for (let at = 0; at < 1_000; at += 1) deep = { in: deep };
    expect(touched([step('t', deep), step('t', { path: `${'long/'.repeat(200)}a.ts` })]).touched).toEqual([]);
  });

  test('what any step touched is a place that can be stored again [RE-02]', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom('path', 'command', 'x'),
        (text, name) => {
          const places = touched([step('t', { [name]: text })]).touched;
          expect(touched(places.map((path) => step('t', { path }))).touched).toEqual(places);
          for (const place of places) expect(place).toMatch(/\S/u);
        },
      ),
    );
  });

  test('completing an episode keeps what it touched, and export and import carry it byte for byte [RE-02]', async () => {
    const memory = openMemory({ store: inMemoryStore() });
    const { episode } = await memory.createEpisode({
      description: 'Mend the client',
      files: ['docs/a.md'],
    });
    await memory.addStep(episode.id, { tool: 'Read', action: 'read it', parameters: { file_path: 'src/client.ts' } });
    const completed = await memory.completeEpisode(episode.id, { kind: 'success', artifacts: [] });
    expect(completed).toMatchObject({ touched: ['src/client.ts'], tools: ['Read'] });
    expect(episodePlaces(completed)).toEqual(['docs/a.md', 'src/client.ts']);
    const exported = await collected(memory.exportEpisodes());
    const other = openMemory({ store: inMemoryStore() });
    await other.importEpisodes(exported);
    expect(JSON.stringify(await collected(other.exportEpisodes()))).toBe(JSON.stringify(exported));
  });

  test('a record carries what was touched, and what it does not tell is derived from its steps [RE-02]', () => {
    const made = { at: '2026-11-21T10:00:00.000Z', newId: () => crypto.randomUUID(), project: undefined };
    const steps = [aStep({ tool: 'Read', parameters: { path: 'src/a.ts' }, number: 1 })];
    const told = { ...aCompletedEpisode({ version: 1 }), touched: ['else/where.ts'], tools: ['Write'] };
    expect(fromRecord(toRecord({ episode: told, steps }), made).episode).toMatchObject(told);
    const silent = fromRecord(toRecord({ episode: aCompletedEpisode(), steps }), made).episode;
    expect(silent).toMatchObject({ touched: ['src/a.ts'], tools: ['Read'] });
    expect(toRecord({ episode: silent, steps })).toMatchObject({ touched: ['src/a.ts'] });
  });

  test('an episode that is open, or of before places were told, has those of its context [RE-02]', () => {
    expect(episodePlaces(anEpisode({ context: { files: ['src\\a.ts', './src/a.ts'] } }))).toEqual(['src/a.ts']);
    expect(episodePlaces(aCompletedEpisode({ context: {} }))).toEqual([]);
  });
});

describe('places in a project', () => {
  test('a path is seen from the root of its project where the name of the project tells it [RE-02]', () => {
    expect(placeWithin('/home/me/parser/src/a.ts', 'github.com/team/parser')).toBe('src/a.ts');
    expect(placeWithin('/home/me/parser/src/a.ts', '/home/me/parser')).toBe('src/a.ts');
    expect(placeWithin('/etc/hosts', 'github.com/team/parser')).toBe('/etc/hosts');
    expect(placeWithin('src/parser/a.ts', 'github.com/team/parser')).toBe('src/parser/a.ts');
  });
});
