// memory.createEpisode, memory.addStep and memory.completeEpisode: what the tools of these names do, where programs may.
import { MemoryError } from '@episodica/memory-core';
import {
  addStepArguments,
  appendSteps,
  beginEpisode,
  completeEpisodeArguments,
  createEpisodeArguments,
  endEpisode,
  type Recorder,
} from '../recording.ts';
import { argument, type CodeModeCall, type CodeModeMethod, json } from './method.ts';
import { addedSteps, begunEpisode, endedEpisode } from './rows.ts';

const createEpisode: CodeModeMethod = {
  name: 'createEpisode',
  effect: 'write',
  isPaged: false,
  doc: 'Begins an episode, as create_episode does, and answers with related experience.',
  parameters: [{ name: 'episode', schema: createEpisodeArguments, isOptional: false }],
  result: begunEpisode,
  example: "const { episode_id } = await memory.createEpisode({ task_description: 'Fix the login redirect' });",
  async call([given], call) {
    const asked = argument(createEpisodeArguments, given, 'memory.createEpisode');
    return json(await beginEpisode(asked, await recorder(call), { signal: call.signal }));
  },
};

const addStep: CodeModeMethod = {
  name: 'addStep',
  effect: 'write',
  isPaged: false,
  doc: 'Appends a step, or up to 1,000 in steps[], as add_step does; with a step_key each, repeating the call stores them once.',
  parameters: [{ name: 'step', schema: addStepArguments, isOptional: false }],
  result: addedSteps,
  example: "await memory.addStep({ episode_id, tool: 'bash', action: 'npm test', result: { type: 'success' } });",
  async call([given], call) {
    const asked = argument(addStepArguments, given, 'memory.addStep');
    return json(await appendSteps(asked, await recorder(call), { signal: call.signal }));
  },
};

const completeEpisode: CodeModeMethod = {
  name: 'completeEpisode',
  effect: 'write',
  isPaged: false,
  doc: 'Ends an episode with its outcome, as complete_episode does.',
  parameters: [{ name: 'end', schema: completeEpisodeArguments, isOptional: false }],
  result: endedEpisode,
  example: "await memory.completeEpisode({ episode_id, outcome: { kind: 'success', verdict: 'all tests pass' } });",
  async call([given], call) {
    const asked = argument(completeEpisodeArguments, given, 'memory.completeEpisode');
    const { result } = await endEpisode(asked, await recorder(call), { signal: call.signal });
    const { reward, ...ended } = result;
    return json({ ...ended, reward: reward.total, reward_parts: reward.parts });
  },
};

/** In the order in which an episode needs them. */
export const writes: readonly CodeModeMethod[] = [createEpisode, addStep, completeEpisode];

async function recorder({ backend, openEpisodes, source }: CodeModeCall): Promise<Recorder> {
  const { memory } = await backend();
  // A program reads it, and no model: nothing of it has to be left out.
  return { memory, openEpisodes, source, relatedTokens: Number.MAX_SAFE_INTEGER };
}

/** Why programs may only read, as far as it is known. */
interface Refusal {
  readonly unreadBecause?: string | undefined;
  readonly isProjectIgnored?: boolean | undefined;
}

/** The same method where programs may only read: it refuses, and says how to allow it, or what keeps it from being known. */
export function refused(method: CodeModeMethod, { unreadBecause, isProjectIgnored = false }: Refusal): CodeModeMethod {
  return {
    ...method,
    isRefused: true,
    async call() {
      const advice =
        unreadBecause === undefined
          ? 'Its user allows it with the setting SANDBOX_ALLOW_WRITES=true; the tools of the server write without it'
          : `Whether its user allows more is not known, as the settings cannot be read: ${unreadBecause.replace(/\.$/u, '')}`;
      const remark = isProjectIgnored
        ? ' memory-cli.toml of the project may not set it; it was not taken from there.'
        : '';
      throw new MemoryError('NOT_SUPPORTED', `memory.${method.name}: programs may only read here. ${advice}.${remark}`);
    },
  };
}
