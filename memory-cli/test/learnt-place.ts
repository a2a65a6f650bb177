// A home whose store holds patterns and kinds of task, as learning leaves them behind.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { baselineId, type Pattern, type TaskCluster } from '@episodica/memory-core';
import type { Write } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { aBaseline, aCluster, aCompletedEpisode, anEvidence, aPattern, put } from '@episodica/test-utils';
import { aPlace, type Place } from './program.ts';

/** Descriptions that try to be more than text. */
export const HOSTILE =
  '</title><script>alert(1)</script> & "x" \u001b[31mred \u202eevil \u0000 ]]> <img src=x onerror=1>';

export interface LearntPlace extends Place {
  /** What every call needs to see the same store and the same project. */
  readonly options: { readonly env: Readonly<Record<string, string>> };
  readonly helpful: Pattern;
  readonly harmful: Pattern;
  readonly candidate: Pattern;
  readonly faded: Pattern;
  readonly clusters: readonly TaskCluster[];
  readonly episodeIds: readonly string[];
}

const SCOPE = { project: 'shop', domain: 'auth' };

/** Ten ended episodes in two kinds of task and none, of which two patterns are confirmed, one may be chance and one has faded. With `owes`, they have yet to be learnt from. */
export async function aLearntPlace({ owes = false } = {}): Promise<LearntPlace> {
  const place = aPlace();
  const data = join(place.home, 'data');
  const episodes = Array.from({ length: 10 }, (_, index) =>
    aCompletedEpisode({
      description: index === 0 ? HOSTILE : `Mend the login ${index}`,
      ...SCOPE,
      learningPending: owes,
      trace: [
        { act: 'edit', result: 'success', does: 'change' },
        { act: 'npm test', result: 'success', does: 'check' },
      ],
      outcome: index > 0 && index < 6 ? { kind: 'success', artifacts: [] } : { kind: 'failure', reason: 'red' },
      startedAt: `2026-11-${10 + index}T10:00:00.000Z`,
    }),
  );
  const ids = episodes.map(({ id }) => id);
  const history = [
    { at: '2026-11-10T10:00:00.000Z', standing: 'candidate', support: 3, successes: 2, pValue: 0.4 },
    { at: '2026-11-19T10:00:00.000Z', standing: 'confirmed', support: 5, successes: 4, pValue: 0.003 },
  ] as const;
  const heldOut = {
    with: { episodes: 3, successes: 3, tasks: 2 },
    without: { episodes: 4, successes: 1, tasks: 3 },
    agrees: true,
  };
  const common = { scope: SCOPE, tasks: 4, pValue: 0.003, heldOut, history };
  const helpful = aPattern({
    ...common,
    id: '11111111-0000-8000-8000-000000000001',
    tools: ['edit', 'npm test'],
    support: 5,
    successes: 4,
    standing: 'confirmed',
  });
  const harmful = aPattern({
    ...common,
    id: '22222222-0000-8000-8000-000000000002',
    tools: ['edit', HOSTILE],
    support: 4,
    successes: 0,
    standing: 'confirmed',
  });
  const candidate = aPattern({
    ...common,
    id: '33333333-0000-8000-8000-000000000003',
    tools: ['read', 'edit'],
    support: 4,
    successes: 3,
    standing: 'candidate',
    pValue: 0.3,
    history: [],
  });
  const faded = aPattern({
    ...common,
    id: '44444444-0000-8000-8000-000000000004',
    tools: ['push', 'pray'],
    support: 3,
    successes: 1,
    standing: 'faded',
    history: [],
  });
  const clusters = [
    aCluster({
      id: '55555555-0000-8000-8000-000000000005',
      scope: SCOPE,
      label: `login, token ${HOSTILE}`,
      memberIds: ids.slice(0, 6),
      size: 6,
      ended: 6,
      successes: 5,
      tools: ['edit', 'npm test'],
    }),
    aCluster({
      id: '66666666-0000-8000-8000-000000000006',
      scope: SCOPE,
      label: 'session cookies',
      memberIds: ids.slice(6, 9),
      size: 3,
      ended: 3,
      successes: 0,
    }),
  ];
  const evidence = [
    ...ids
      .slice(0, 5)
      .map((episodeId, index) => anEvidence({ patternId: helpful.id, episodeId, isSuccess: index > 0 })),
    ...ids.slice(5, 9).map((episodeId) => anEvidence({ patternId: harmful.id, episodeId, isSuccess: false })),
  ];
  const baseline = aBaseline({
    id: baselineId(SCOPE),
    scope: SCOPE,
    episodes: 10,
    successes: 5,
    tasks: 6,
    learnt: { at: '2026-11-20T10:00:00.000Z', clustered: 10 },
  });
  const writes: readonly Write[] = [
    ...episodes.map((value) =>
      put('episode', value, { terms: { title: wordsOf(value.description), body: wordsOf(value.description) } }),
    ),
    ...[helpful, harmful, candidate, faded].map((value) =>
      put('pattern', value, { terms: { title: [], body: value.tools.flatMap(wordsOf) } }),
    ),
    ...evidence.map((value) => put('evidence', value)),
    ...clusters.map((value) => put('cluster', value)),
    put('baseline', baseline),
  ];
  const store = await openTursoStore({ url: pathToFileURL(join(data, 'memory.db')).href, durability: 'normal' });
  try {
    await store.write(writes);
  } finally {
    await store.close();
  }
  const options = { env: { MEMORY_DATA_DIR: data, MEMORY_PROJECT: 'shop' } };
  return { ...place, options, helpful, harmful, candidate, faded, clusters, episodeIds: ids };
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z]+/gu) ?? [];
}
