// Many servers on one store, as many clients start them.
import { expect, test } from 'vitest';
import { startServer, temporaryFolder } from './client.ts';

test.each([2, 8])(
  '%i servers that start at once on a new store all live and see each other at once [ST-06 MC-03]',
  async (count) => {
    const dataDir = temporaryFolder();
    const servers = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const server = await startServer(dataDir);
        const word = `servernumber${index}`;
        const created = await server.call('create_episode', { task_description: `Begin with ${word}` });
        expect(created.text).not.toMatch(/^[A-Z_]+:/u);
        return { server, word, episodeId: created.structured.episode_id };
      }),
    );
    for (const { server } of servers) {
      for (const { server: beginner, word, episodeId } of servers) {
        // What is open is left out where it was begun.
        const isOwn = beginner === server;
        const found = await server.call('query_memory', { query: word, limit: 1 });
        expect(found.structured.episodes).toMatchObject(isOwn ? [] : [{ episode_id: episodeId }]);
      }
      const { components } = (await server.call('health_check')).structured;
      const bad = components.filter(({ status }: { status: string }) => status === 'degraded' || status === 'down');
      expect(bad).toEqual([]);
    }
    const [first] = servers;
    for (const [index, { server, word }] of servers.entries()) {
      const step = await server.call('add_step', { episode_id: first!.episodeId, tool: 'bash', action: word });
      expect(step.structured.step_number).toBe(index + 1);
    }
  },
);
