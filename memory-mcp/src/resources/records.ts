// Episodes and patterns as resources: what is told of one, bounded, and where the rest is.
import type { Json } from '@episodica/memory-core';
import { episodeDetailResult, estimatedTokens, patternItem, stepResult } from '@episodica/memory-core/wire';
import { fittedObject } from '../fit.ts';
import type { Backend } from '../services.ts';
import { addressOf, goneRecord, type RecordAddress } from './address.ts';

/** Of a whole answer, which is as long as the text of a tool's result: 40,000 characters. */
const MAX_TOKENS = 10_000;
/** Of these, what stands between records, and the address of the next ones. */
const FRAME_TOKENS = 100;
/** Of these, what is told of an episode beside its steps. */
const MAX_HEAD_TOKENS = 5_000;
const MAX_STEP_TOKENS = 2_000;
/** A longer text is cut also where there is room: others come behind it. */
const MAX_TEXT_CHARACTERS = 2_000;
/** Ids of episodes for a pattern that are told, and as many against it. */
const MAX_EVIDENCE = 100;

/** What it says, as JSON. @throws ResourceNotFoundError */
export async function readRecord(
  address: RecordAddress,
  { backend, signal }: { readonly backend: Backend; readonly signal: AbortSignal },
): Promise<string> {
  const read = address.kind === 'episode' ? readEpisode : readPattern;
  return read(address, { backend, signal });
}

interface Reading {
  readonly backend: Backend;
  readonly signal: AbortSignal;
}

/** With as many of its steps as fit, and the address of the next ones. */
async function readEpisode(address: RecordAddress, { backend: { memory }, signal }: Reading): Promise<string> {
  const { id, stepsFrom } = address;
  const episode = await memory.getEpisode(id, { signal });
  if (episode === undefined) throw goneRecord(address);
  const { steps: _none, ...detail } = episodeDetailResult(episode, []);
  const head = fittedObject(detail, { maxTextCharacters: MAX_TEXT_CHARACTERS, maxTokens: MAX_HEAD_TOKENS });
  const steps: Readonly<Record<string, Json>>[] = [];
  let left = MAX_TOKENS - FRAME_TOKENS - estimatedTokens(head);
  let next: number | undefined;
  for await (const step of memory.listSteps({ episodeIds: [id], afterNumber: stepsFrom - 1 }, { signal })) {
    const told = fittedObject(stepResult(step), { maxTextCharacters: MAX_TEXT_CHARACTERS, maxTokens: MAX_STEP_TOKENS });
    left -= estimatedTokens(told) + 1;
    if (left < 0 && steps.length > 0) {
      next = step.number;
      break;
    }
    steps.push(told);
  }
  const answer = {
    ...head,
    steps,
    // Where steps are left out, whoever reads this is told how to get them.
    ...(next === undefined ? {} : { next_steps: addressOf('episode', id, next) }),
  };
  return textOf(answer);
}

async function readPattern(address: RecordAddress, { backend: { memory }, signal }: Reading): Promise<string> {
  const hit = await memory.getPattern(address.id, { signal });
  if (hit === undefined) throw goneRecord(address);
  // Where it stands among others is the answer to a question, and nobody asked one.
  const {
    score: _score,
    why: _why,
    ...item
  } = patternItem(
    { ...hit, evidence: hit.evidence.slice(-MAX_EVIDENCE), against: hit.against.slice(-MAX_EVIDENCE) },
    'full',
  );
  return textOf(fittedObject(item, { maxTextCharacters: MAX_TEXT_CHARACTERS, maxTokens: MAX_TOKENS - FRAME_TOKENS }));
}

/** A field a line, and each step one: read by models as well as by programs, at little more than its length. */
function textOf(record: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(record).map(([key, value]) => {
    const isSteps = key === 'steps' && Array.isArray(value) && value.length > 0;
    const told = isSteps ? `[\n${value.map((step) => JSON.stringify(step)).join(',\n')}\n]` : JSON.stringify(value);
    return `${JSON.stringify(key)}: ${told}`;
  });
  return `{\n${fields.join(',\n')}\n}`;
}
