import { expect, test } from 'vitest';
import { initialize, startRaw, startServer, temporaryFolder, toolCall } from './client.ts';

const ROUNDS = 10;
const WRITES = 20;

test('an open episode is continued and completed by another process [EP-04]', async () => {
  const dataDir = temporaryFolder();
  const first = await startServer(dataDir);
  const created = await first.call('create_episode', { task_description: 'Split the parser' });
  const { episode_id } = created.structured;
  await first.call('add_step', { episode_id, tool: 'edit', action: 'parser.ts' });
  process.kill(first.pid, 'SIGKILL');
  const second = await startServer(dataDir);
  const step = await second.call('add_step', { episode_id, tool: 'bash', action: 'npm test' });
  expect(step.structured.step_number).toBe(2);
  const completed = await second.call('complete_episode', { episode_id, outcome: { kind: 'success' } });
  expect(completed.isError).toBe(false);
});

test('two servers that write at the same time lose nothing [ST-05]', async () => {
  const dataDir = temporaryFolder();
  const servers = await Promise.all([startServer(dataDir), startServer(dataDir)]);
  const [one, two] = servers;
  const { structured } = await one!.call('create_episode', { task_description: 'Shared work' });
  const { episode_id } = structured;
  const added = await Promise.all(
    servers.flatMap((server, index) =>
      Array.from({ length: 50 }, (_, count) =>
        server.call('add_step', { episode_id, tool: `agent-${index}`, action: `step ${count}` }),
      ),
    ),
  );
  expect(added.filter((result) => result.isError).map((result) => result.text)).toEqual([]);
  const numbers = added.map((result) => result.structured.step_number).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  const read = await two!.call('execute_code', { code: 'memory.steps(input)', input: episode_id });
  expect(read.structured.result).toHaveLength(100);
});

test('kill -9 at any point loses no acknowledged write [EP-04] [ST-05]', async () => {
  const dataDir = temporaryFolder();
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) acknowledged.push(...(await killedRound(dataDir, round)));
  expect(acknowledged.length).toBeGreaterThan(ROUNDS);
  const survivor = await startServer(dataDir);
  const code = '(await memory.episodes({ limit: 1000 })).map((episode) => episode.episode_id)';
  const { structured } = await survivor.call('execute_code', { code });
  const stored = new Set(structured.result);
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  expect((await survivor.call('health_check')).structured.status).toBe('ok');
});

/** Writes as fast as it can and is killed behind a number of answers that differs from round to round. */
async function killedRound(dataDir: string, round: number): Promise<readonly string[]> {
  const server = startRaw(dataDir);
  server.send(initialize());
  for (let id = 2; id < 2 + WRITES; id += 1) {
    server.send(toolCall(id, 'create_episode', { task_description: `round ${round} task ${id}` }));
  }
  await server.answer(2 + ((round * 7) % WRITES));
  server.process.kill('SIGKILL');
  await server.exited;
  return server.lines.flatMap((line) => episodeIdIn(line));
}

function episodeIdIn(line: string): readonly string[] {
  try {
    const id = JSON.parse(line).result?.structuredContent?.episode_id;
    return typeof id === 'string' ? [id] : [];
  } catch {
    // The kill cut this line: nobody was told of it.
    return [];
  }
}
