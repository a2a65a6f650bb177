// What the spatiotemporal index is told of an episode. Pure.
import type { Episode } from '../episode.ts';
import { defined } from '../json.ts';
import { episodePlaces } from '../places.ts';
import type { Facts } from './place-and-time.ts';

export function episodeFacts(episode: Episode): Facts {
  const { project, domain, taskType, status, tags, context } = episode;
  const ending = episode.status === 'completed' ? { outcome: episode.outcome.kind, reward: episode.reward.total } : {};
  return {
    taskType,
    status,
    tags,
    startedAtMs: Date.parse(episode.startedAt),
    places: episodePlaces(episode),
    ...defined({ project, domain, language: context.language, framework: context.framework }),
    ...ending,
  };
}
