// Sessions of Claude Code (JSON lines) as records: one for each request of the person, and of an agent to a subagent.
import { oneLine } from '../clip.ts';
import { type Outcome, UNKNOWN_OUTCOME } from '../episode.ts';
import { contentId } from '../id.ts';
import { defined } from '../json.ts';
import { LIMITS } from '../limits.ts';
import { type Answer, type AnswerPart, readEvent, type SessionEvent, type ToolResult } from './claude-code-event.ts';
import { evidentOutcome, INFERRED_CONFIDENCE } from './evident-outcome.ts';
import { PositionedRecord, UnreadableRecord } from './import.ts';
import type { EpisodeRecord, StepRecord } from './record.ts';
import { fittingParameters, fittingResult, fittingText, isFullPart, isNamed, stepBytes } from './within-limits.ts';

/** How sessions are read. */
export interface ClaudeCodeOptions {
  /** The time of the import. */
  readonly at: string;
  /** The project of a working folder. @default none: the episodes belong to every project */
  readonly projectOf?: ((folder: string) => string | undefined) | undefined;
  /** Called for a request that may still be worked on, and is left for a later import; with the line it begins at. */
  readonly onUnfinished?: ((position: number) => void) | undefined;
}

/**
 * After so long without a line a request is taken for finished. What still comes is an episode of its own, whenever
 * the file is read: so a file that has grown gives what it gave before, and more.
 */
const FINISHED_AFTER_MS = 3_600_000;

/**
 * One record for each request, in the order of their ends. The same request always gives the same episode id, also in
 * a copy of the session. Lines that cannot be read become named failures. Holds the requests that are being worked on,
 * and no more of the file.
 */
export async function* readClaudeCode(
  lines: AsyncIterable<PositionedRecord> | Iterable<PositionedRecord>,
  options: ClaudeCodeOptions,
): AsyncGenerator<PositionedRecord> {
  const lanes = laneFinder();
  for await (const { position, value } of lines) {
    const event = value instanceof UnreadableRecord ? value : readEvent(value);
    if (event instanceof UnreadableRecord) yield new PositionedRecord(position, event);
    else if (typeof event === 'string') yield new PositionedRecord(position, new UnreadableRecord(position, event));
    else if (saysSomething(event)) {
      yield* heard(lanes.of(event), { event, position }, options);
      // So that conversations that are over are not held until the end of the file.
      if (event.request !== undefined) yield* settled(lanes.all(), event, options);
    }
  }
  for (const { attempt } of lanes.all()) {
    if (attempt === undefined) continue;
    if (attempt.lastAt === undefined || isFinished(attempt, options.at)) yield* ended(attempt, options);
    else if (isWorthKeeping(attempt)) options.onUnfinished?.(attempt.position);
  }
}

/** One conversation: that with the person, or that of a subagent. */
interface Lane {
  attempt: Attempt | undefined;
  /** The last request that says by itself what it is about. */
  topic: string | undefined;
  /** Calls without a result in episodes that have ended, by their id. */
  readonly unanswered: Map<string, StepRecord>;
}

/** Work on one request, or on a later part of it. */
interface Attempt {
  readonly position: number;
  /** What its id is made of. */
  readonly identity: readonly unknown[];
  readonly part: number;
  readonly description: string;
  readonly isCommand: boolean;
  readonly isAboutNothing: boolean;
  readonly event: SessionEvent;
  readonly steps: Map<string, Call>;
  startedAt: string | undefined;
  lastAt: string | undefined;
  bytes: number;
  isInterrupted: boolean;
  /** What the agent said since the last call of a tool, and at all. */
  reason: string | undefined;
  answer: string | undefined;
  model: string | undefined;
}

/** A call of a tool. */
interface Call {
  step: StepRecord;
  readonly messageId: string | undefined;
  isAnswered: boolean;
}

interface Heard {
  readonly event: SessionEvent;
  readonly position: number;
}

/** Conversations that are read at the same time: each may hold a whole episode. */
const MAX_OPEN = 32;
/** Calls without a result that a later line may still answer. */
const MAX_UNANSWERED = 1_000;
/** Lines of subagents that are remembered by their id, to know which conversation the next one belongs to. */
const MAX_LINES_KNOWN = 10_000;

/** Which conversation a line belongs to. Older versions tell subagents apart by nothing but the line before. */
function laneFinder(): { of(event: SessionEvent): Lane; all(): Iterable<Lane> } {
  const lanes = new Map<string, Lane>();
  const laneOfLine = new Map<string, string>();
  const nameOf = ({ isSidechain, agentId, uuid, parentUuid }: SessionEvent): string => {
    if (!isSidechain) return 'person';
    if (agentId !== undefined) return `agent ${agentId}`;
    const name = laneOfLine.get(parentUuid ?? '') ?? `line ${uuid ?? ''}`;
    if (uuid !== undefined) laneOfLine.set(uuid, name);
    const [oldest] = laneOfLine.keys();
    if (laneOfLine.size > MAX_LINES_KNOWN && oldest !== undefined) laneOfLine.delete(oldest);
    return name;
  };
  return {
    of(event) {
      const name = nameOf(event);
      const lane = lanes.get(name) ?? { attempt: undefined, topic: undefined, unanswered: new Map() };
      lanes.set(name, lane);
      return lane;
    },
    all: () => lanes.values(),
  };
}

function saysSomething({ request, isInterruption, results, answer }: SessionEvent): boolean {
  return request !== undefined || isInterruption || results.length > 0 || (answer?.parts.length ?? 0) > 0;
}

/** Ends what is finished by the time of a line, and what has been quiet for longest where too much is open. */
function* settled(
  lanes: Iterable<Lane>,
  { at }: SessionEvent,
  options: ClaudeCodeOptions,
): Generator<PositionedRecord> {
  const open = [...lanes]
    .flatMap((lane) =>
      lane.attempt !== undefined && lane.attempt.steps.size > 0 ? [{ lane, attempt: lane.attempt }] : [],
    )
    .toSorted((a, b) => ((a.attempt.lastAt ?? '') < (b.attempt.lastAt ?? '') ? -1 : 1));
  for (const [index, { lane, attempt }] of open.entries()) {
    if (index >= open.length - MAX_OPEN && !(at !== undefined && isFinished(attempt, at))) continue;
    yield* closed(lane, attempt, options);
    lane.attempt = nextPart(attempt);
  }
}

function* heard(lane: Lane, { event, position }: Heard, options: ClaudeCodeOptions): Generator<PositionedRecord> {
  if (event.request !== undefined) {
    if (lane.attempt !== undefined) yield* closed(lane, lane.attempt, options);
    lane.attempt = toAttempt(lane, { event, position });
    return;
  }
  if (lane.attempt !== undefined && event.at !== undefined && isFinished(lane.attempt, event.at)) {
    const { attempt } = lane;
    yield* closed(lane, attempt, options);
    lane.attempt = nextPart(attempt);
  }
  lane.attempt ??= toAttempt(lane, { event: { ...event, request: NOT_IN_FILE }, position });
  seen(lane.attempt, event.at);
  lane.attempt.isInterrupted = event.isInterruption;
  for (const result of event.results) take(lane, lane.attempt, result);
  for (const part of event.answer?.parts ?? []) {
    if (part.kind === 'use' && isFullPart({ steps: lane.attempt.steps.size, bytes: lane.attempt.bytes })) {
      const { attempt } = lane;
      const next = nextPart(attempt);
      handOver(attempt, next);
      yield* closed(lane, attempt, options);
      lane.attempt = next;
      seen(next, event.at);
    }
    if (event.answer !== undefined) say(lane.attempt, part, { answer: event.answer, at: event.at });
  }
}

/** Stands for what was asked before the file begins. */
const NOT_IN_FILE = { text: 'Work on a request that is not in the file', isCommand: false };
/** A description of fewer words and bytes says nothing without what went before. */
const MIN_WORDS = 3;
const MIN_BYTES = 20;

function toAttempt(lane: Lane, { event, position }: Heard): Attempt {
  const { text, isCommand } = event.request ?? NOT_IN_FILE;
  const isAboutNothing = text.split(/\s+/u).length < MIN_WORDS && Buffer.byteLength(text) < MIN_BYTES;
  const about = isAboutNothing && lane.topic !== undefined ? `${text}\n\nFollows: ${oneLine(lane.topic, 300)}` : text;
  if (!isAboutNothing) lane.topic = text.slice(0, LIMITS.descriptionBytes);
  // What is unique everywhere identifies a request also in a copy of its session.
  const isUnique = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(event.uuid ?? '');
  return {
    ...empty(),
    position,
    identity: isUnique ? [event.uuid] : [event.session ?? null, event.uuid ?? position],
    part: 1,
    description: fittingText(about, LIMITS.descriptionBytes),
    isCommand,
    isAboutNothing,
    event,
    startedAt: event.at,
    lastAt: event.at,
  };
}

function nextPart(attempt: Attempt): Attempt {
  return { ...attempt, ...empty(), part: attempt.part + 1, startedAt: undefined, lastAt: undefined };
}

function empty(): Pick<Attempt, 'steps' | 'bytes' | 'isInterrupted' | 'reason' | 'answer' | 'model'> {
  return { steps: new Map(), bytes: 0, isInterrupted: false, reason: undefined, answer: undefined, model: undefined };
}

function seen(attempt: Attempt, at: string | undefined): void {
  if (at === undefined) return;
  attempt.startedAt ??= at;
  if (attempt.lastAt === undefined || at > attempt.lastAt) attempt.lastAt = at;
}

function isFinished({ lastAt }: Attempt, at: string): boolean {
  return lastAt !== undefined && Date.parse(at) - Date.parse(lastAt) >= FINISHED_AFTER_MS;
}

/** Calls that still wait for their result go with it, unless they are what fills the part. */
function handOver(from: Attempt, to: Attempt): void {
  const waiting = [...from.steps].filter(([, { isAnswered }]) => !isAnswered);
  if (2 * waiting.length > from.steps.size) return;
  for (const [id, call] of waiting) {
    from.steps.delete(id);
    to.steps.set(id, call);
    to.bytes += stepBytes(call.step);
  }
}

/** The episode ends; results that come later are told where they come. */
function* closed(lane: Lane, attempt: Attempt, options: ClaudeCodeOptions): Generator<PositionedRecord> {
  for (const [id, { step, isAnswered }] of attempt.steps) if (!isAnswered) lane.unanswered.set(id, step);
  for (const id of lane.unanswered.keys()) {
    if (lane.unanswered.size <= MAX_UNANSWERED) break;
    lane.unanswered.delete(id);
  }
  yield* ended(attempt, options);
}

function take(lane: Lane, attempt: Attempt, { toolUseId, type, text, latencyMs, tokens }: ToolResult): void {
  const late = lane.unanswered.get(toolUseId);
  lane.unanswered.delete(toolUseId);
  const call: Call | undefined =
    attempt.steps.get(toolUseId) ?? (late && { step: late, messageId: undefined, isAnswered: false });
  if (call === undefined || call.isAnswered) return;
  const figures = defined({ latency_ms: latencyMs, tokens_used: tokens ?? call.step.tokens_used });
  call.step = { ...call.step, ...figures, ...fittingResult(type, text) };
  call.isAnswered = true;
  attempt.steps.set(toolUseId, call);
  attempt.bytes += stepBytes(call.step);
}

/** Well within the limits of an action and of a rationale. */
const ACTION_BYTES = 2_000;
const RATIONALE_BYTES = 2_500;
const ANSWER_BYTES = 2_000;

function say(
  attempt: Attempt,
  part: AnswerPart,
  { answer, at }: { readonly answer: Answer; readonly at: string | undefined },
): void {
  attempt.model ??= answer.model;
  if (part.kind === 'text') {
    attempt.answer = part.text;
    attempt.reason = part.text;
    return;
  }
  const { messageId, outputTokens } = answer;
  // A message is told again with each of its pieces, and so are the tokens of the whole.
  const told =
    messageId === undefined ? undefined : [...attempt.steps.values()].find((call) => call.messageId === messageId);
  if (told !== undefined && !told.isAnswered) told.step = { ...told.step, ...defined({ tokens_used: outputTokens }) };
  if (attempt.steps.has(part.id)) return;
  const tool = nameIn(part.name) ?? 'unnamed tool';
  const step: StepRecord = {
    ...defined({ at: at ?? attempt.lastAt }),
    tool,
    action: actionOf(part.input, attempt.event.folder) ?? tool,
    ...defined({ rationale: attempt.reason === undefined ? undefined : fittingText(attempt.reason, RATIONALE_BYTES) }),
    parameters: fittingParameters(part.input),
    ...defined({ tokens_used: told === undefined ? outputTokens : undefined }),
    result: { type: 'timeout', message: 'No result is recorded: the session was ended or interrupted before it came.' },
  };
  attempt.reason = undefined;
  attempt.steps.set(part.id, { step, messageId, isAnswered: false });
  attempt.bytes += stepBytes(step);
}

/** Parameters that say in one line what a tool does, the most telling first. */
const TELLING = ['command', 'file_path', 'notebook_path', 'pattern', 'query', 'url', 'description', 'path', 'skill'];

function actionOf(input: unknown, folder: string | undefined): string | undefined {
  if (!isNamed(input)) return undefined;
  const text = TELLING.map((name) => input[name]).find((value) => typeof value === 'string' && value.trim() !== '');
  if (typeof text !== 'string') return undefined;
  const within = folder !== undefined && text.startsWith(`${folder}/`) ? text.slice(folder.length + 1) : text;
  return fittingText(within.trim() === '' ? text : within, ACTION_BYTES);
}

/** Small talk, commands that the client carries out by itself and parts in which nothing happened are no episodes. */
function isWorthKeeping({ steps, part, isCommand, isAboutNothing }: Attempt): boolean {
  return steps.size > 0 || (part === 1 && !isCommand && !isAboutNothing);
}

function* ended(attempt: Attempt, { projectOf }: ClaudeCodeOptions): Generator<PositionedRecord> {
  if (!isWorthKeeping(attempt)) return;
  const { event, part, startedAt, lastAt } = attempt;
  const steps = [...attempt.steps.values()].map(({ step }) => step);
  const evident = attempt.isInterrupted ? undefined : evidentOutcome(steps, { isEdit, isExitTold: true });
  const record: EpisodeRecord = {
    episode_id: contentId(JSON.stringify(['claude-code', ...attempt.identity, part])),
    task_description: attempt.description,
    ...defined({ project: nameIn(event.folder === undefined ? undefined : projectOf?.(event.folder)) }),
    task_type: 'other',
    ...defined({ branch: nameIn(event.branch) }),
    tags: event.isSidechain ? ['subagent'] : [],
    metadata: defined({
      folder: nameIn(event.folder),
      client_version: nameIn(event.version),
      model: nameIn(attempt.model),
      request: nameIn(event.uuid),
      subagent: nameIn(event.agentId),
      part: part === 1 ? undefined : part,
      answer: attempt.answer === undefined ? undefined : fittingText(attempt.answer, ANSWER_BYTES),
    }),
    source: defined({
      agent: 'claude-code',
      session: nameIn(event.session),
      captured_from: 'import:claude-code',
      confidence: evident === undefined ? undefined : INFERRED_CONFIDENCE,
    }),
    ...defined({ started_at: startedAt }),
    steps,
    outcome: evident ?? unknownOutcome(attempt),
    ...defined({ completed_at: lastAt }),
  };
  yield new PositionedRecord(attempt.position, record);
}

/** A detail as one of the short texts of a record; nothing where it is blank. */
function nameIn(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : fittingText(text, LIMITS.nameBytes);
}

function unknownOutcome({ isInterrupted }: Attempt): Outcome {
  return {
    kind: 'abstained',
    reason: isInterrupted ? 'Interrupted by the user.' : `${UNKNOWN_OUTCOME}: nothing in the session shows it.`,
  };
}

function isEdit({ tool }: StepRecord): boolean {
  return /^(?:Edit|MultiEdit|Write|NotebookEdit)$/u.test(tool);
}
