// episode timeline: what happened when, a line for each step, at a glance.
import { type Episode, MemoryError, type Recovery, type Step } from '@episodica/memory-core';
import { episodeResult } from '@episodica/memory-core/wire';
import { type Invocation, useMemoryToRead } from '../open.ts';
import { print, terminalWidth } from '../output.ts';
import { type TimelineStep, timelineText } from './timeline-text.ts';
import { wholeId } from './whole-id.ts';

/** Shows the steps of an episode in the order of time; of many the beginning, the end and what failed, unless all are asked for. */
export async function timeline(
  invocation: Invocation,
  given: string,
  { all = false }: { readonly all?: boolean },
): Promise<number> {
  const { signal, format } = invocation;
  const { episode, steps } = await useMemoryToRead(invocation, async ({ memory }) => {
    const id = await wholeId(memory, given, signal);
    const found = await memory.getSteps(id, { signal });
    const head = await memory.getEpisode(id, { signal });
    // Forgotten between the two reads.
    if (head === undefined) throw new MemoryError('NOT_FOUND', `There is no episode ${id} any more.`);
    return { episode: head, steps: found };
  });
  const { project: _project, domain: _domain, tags: _tags, ...head } = episodeResult(episode);
  const result = { ...head, steps: timelineOf(episode, steps) };
  await print(format, result, () => timelineText(result, { width: terminalWidth(), all }));
  return 0;
}

/** The steps in the order of time, each with what can be told of its time, and which made good which. */
function timelineOf(episode: Episode, steps: readonly Step[]): readonly TimelineStep[] {
  const recoveries = episode.status === 'completed' ? episode.recoveries : [];
  const inTime = steps.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.number - b.number);
  return inTime.map((step, index) => {
    const { number, at, tool, action, latencyMs, result } = step;
    const since = inTime[index - 1]?.at ?? episode.startedAt;
    const problem = result.type === 'success' ? '' : firstLine(result.message ?? '');
    return {
      step_number: number,
      at,
      // A clock may have been set back since the episode began.
      offset_ms: Math.max(0, Date.parse(at) - Date.parse(episode.startedAt)),
      gap_ms: Math.max(0, Date.parse(at) - Date.parse(since) - (latencyMs ?? 0)),
      ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
      tool,
      action,
      result: result.type,
      ...(problem === '' ? {} : { error: problem }),
      ...joined(recoveries, number),
    };
  });
}

/** Which step made this one good, and which ones it made good. */
function joined(recoveries: readonly Recovery[], number: number): Pick<TimelineStep, 'fixed_by' | 'fixes'> {
  const fixedBy = recoveries.find(({ failedStep }) => failedStep === number)?.fixedStep;
  const fixes = recoveries.filter(({ fixedStep }) => fixedStep === number).map(({ failedStep }) => failedStep);
  return { ...(fixedBy === undefined ? {} : { fixed_by: fixedBy }), ...(fixes.length === 0 ? {} : { fixes }) };
}

function firstLine(text: string): string {
  return /\S.*/u.exec(text)?.[0].trim() ?? '';
}
