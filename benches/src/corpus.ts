// Generated episodes for speed: made of words that agents use, the same for the same seed. Says nothing about quality.
import type { EpisodeInput, StepInput } from '@episodica/memory-core';

const VERBS = ['fix', 'add', 'refactor', 'speed up', 'document', 'test', 'remove', 'migrate', 'debug', 'review'];
const THINGS = `parser tokenizer login session cache migration scheduler queue webhook invoice currency timezone upload
  thumbnail pagination search ranking index schema validator router middleware logger tracing retry timeout backoff
  token password signup profile avatar report dashboard chart export import csv json yaml markdown renderer editor
  worker pool socket stream buffer checksum signature certificate proxy gateway limiter quota billing refund cart
  checkout coupon inventory shipment address locale translation plural calendar reminder notification digest email
  template attachment comment thread mention reaction permission role audit policy tenant workspace branch commit merge
  rebase release changelog bundle loader compiler linter formatter snapshot fixture mock coverage benchmark profiler
  allocator garbage leak deadlock race lock transaction rollback replica shard cursor aggregate window join view trigger`
  .split(/\s+/u)
  .filter((word) => word !== '');
const SYMPTOMS = [
  'crashes when the input is empty',
  'returns the wrong total after an update',
  'times out under load',
  'loses the last entry',
  'ignores the configured limit',
  'fails on Windows paths',
  'shows stale values',
  'leaks memory over night',
  'accepts an expired key',
  'breaks for names with accents',
];
const DOMAINS = ['frontend', 'backend', 'billing', 'search', 'auth', 'infrastructure', 'data', 'mobile'];
const TOOLS = ['read', 'edit', 'bash', 'grep', 'test', 'git'];

/** Numbers in 0–1 that depend on the seed alone (xorshift32, Marsaglia 2003). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function generatedEpisode(random: () => number): EpisodeInput {
  const thing = `${pick(THINGS, random)} ${pick(THINGS, random)}`;
  const where = `src/${pick(THINGS, random)}/${pick(THINGS, random)}.ts`;
  return {
    description: `${pick(VERBS, random)} the ${thing}: it ${pick(SYMPTOMS, random)}, see ${where}`,
    domain: pick(DOMAINS, random),
    taskType: 'debugging',
    language: 'typescript',
    tags: [pick(THINGS, random), pick(THINGS, random)],
  };
}

/** A question of four telling words; some of what is stored matches each of them. */
export function generatedQuery(random: () => number): string {
  return [pick(VERBS, random), pick(THINGS, random), pick(THINGS, random), pick(THINGS, random)].join(' ');
}

/** A step of roughly 300 bytes as JSON. */
export function generatedStep(random: () => number): StepInput {
  const tool = pick(TOOLS, random);
  const path = `src/${pick(THINGS, random)}/${pick(THINGS, random)}.ts`;
  return {
    tool,
    action: `${tool} ${path}`,
    parameters: { path, limit: Math.floor(random() * 500) },
    result: { type: 'success', output: `${path}: ${pick(SYMPTOMS, random)}; ${pick(SYMPTOMS, random)}` },
    latencyMs: Math.floor(random() * 900),
  };
}

function pick<T>(choices: readonly T[], random: () => number): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('There is nothing to pick from.');
  return choice;
}
