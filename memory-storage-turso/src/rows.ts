// Entities to rows and back.
import { embeddedTexts, MemoryError, textHash } from '@episodica/memory-core/backend';
import type { Entities, Kind } from '@episodica/memory-core/ports';
import { assert } from './assertion.ts';
import type { Row } from './connection.ts';

type Cell = string | number | boolean | null;
type Columns<T> = Readonly<Record<string, (entity: T) => Cell>>;

/** The columns of each table that are copied from the entity. A step's number and totals are not: the store counts. */
const COLUMNS: { readonly [K in Kind]: Columns<Entities[K]> } = {
  episode: {
    id: (episode) => episode.id,
    version: (episode) => episode.version,
    status: (episode) => episode.status,
    project: (episode) => columnText(episode.project),
    domain: (episode) => columnText(episode.domain),
    task_type: (episode) => episode.taskType,
    outcome: (episode) => (episode.status === 'completed' ? episode.outcome.kind : null),
    reward: (episode) => (episode.status === 'completed' ? episode.reward.total : null),
    started_at: (episode) => episode.startedAt,
    agent: (episode) => columnText(episode.source.agent),
    session: (episode) => columnText(episode.source.session),
    captured_from: (episode) => columnText(episode.source.capturedFrom),
    confidence: (episode) => episode.source.confidence ?? null,
    learning_pending: (episode) => episode.status === 'completed' && episode.learningPending,
    body: bodyOf,
    text_hash: textHashOf,
  },
  step: {
    id: (step) => step.id,
    version: (step) => step.version,
    key: (step) => columnText(step.key),
    body: (step) => bodyOf({ ...step, number: 0 }),
  },
  pattern: {
    id: (pattern) => pattern.id,
    version: (pattern) => pattern.version,
    kind: (pattern) => pattern.kind,
    project: (pattern) => columnText(pattern.scope.project),
    domain: (pattern) => columnText(pattern.scope.domain),
    support: (pattern) => pattern.support,
    body: bodyOf,
    text_hash: textHashOf,
  },
  evidence: {
    id: (evidence) => evidence.id,
    version: (evidence) => evidence.version,
    pattern_id: (evidence) => evidence.patternId,
    episode_id: (evidence) => evidence.episodeId,
    body: bodyOf,
  },
  baseline: { id: (baseline) => baseline.id, version: (baseline) => baseline.version, body: bodyOf },
  cluster: {
    id: (cluster) => cluster.id,
    version: (cluster) => cluster.version,
    project: (cluster) => columnText(cluster.scope.project),
    domain: (cluster) => columnText(cluster.scope.domain),
    body: bodyOf,
  },
  recommendation: { id: (given) => given.id, version: (given) => given.version, body: bodyOf },
  tombstone: { id: (tombstone) => tombstone.id, version: (tombstone) => tombstone.version, body: bodyOf },
  embedding: {
    id: (embedding) => embedding.id,
    version: (embedding) => embedding.version,
    episode_id: ({ ownerKind, ownerId }) => (ownerKind === 'episode' ? ownerId : null),
    pattern_id: ({ ownerKind, ownerId }) => (ownerKind === 'pattern' ? ownerId : null),
    model: (embedding) => columnText(embedding.model),
    text_hash: (embedding) => embedding.textHash,
    body: ({ vectors: _vectors, ...embedding }) => bodyOf(embedding),
    vectors: (embedding) => digitsOf(embedding.vectors),
  },
  model: { id: (model) => model.id, version: (model) => model.version, body: bodyOf },
};

/** The columns that are copied from the entity. */
export function columnNames(kind: Kind): readonly string[] {
  return Object.keys(COLUMNS[kind]);
}

/** The schema that brought vectors: an older one has neither their tables nor the hashes of what they are made of. */
const VECTORS_SINCE = 4;

/** The schema that brought a table; the others are there from the first. */
const TABLE_SINCE: Readonly<Partial<Record<Kind, number>>> = {
  embedding: VECTORS_SINCE,
  model: VECTORS_SINCE,
  cluster: 5,
};

/** Whether a store of this schema has a table of the kind. */
export function hasTable(kind: Kind, schema: number): boolean {
  return schema >= (TABLE_SINCE[kind] ?? 0);
}

/** Those of `columnNames` that a store of this schema has. */
export function columnNamesAt(kind: Kind, schema: number): readonly string[] {
  return columnNames(kind).filter((name) => schema >= VECTORS_SINCE || name !== 'text_hash');
}

/** In the order of `columnNames`. */
export function cellsOf<K extends Kind>(kind: K, entity: Entities[K]): readonly Cell[] {
  return Object.values(COLUMNS[kind]).map((cell) => cell(entity));
}

/**
 * A column of bytes. A batch goes as JSON, which has none: there, and in copies on their way, they are hexadecimal digits.
 */
const BYTES = 'vectors';

/** The cell of this column, from an array in JSON. */
export function cellSql(name: string, index: number): string {
  return name === BYTES ? `unhex(value ->> ${index})` : `value ->> ${index}`;
}

/** The column as a value that JSON can carry. */
export function columnSql(kind: Kind, name: string): string {
  return name === BYTES ? `lower(hex(${kind}.${name})) AS ${name}` : `${kind}.${name}`;
}

/** The bytes of an entity, but for its short columns. */
export function bytesSql(kind: Kind): string {
  const body = `octet_length(${kind}.body)`;
  return kind === 'embedding' ? `(${body} + octet_length(${kind}.${BYTES}))` : body;
}

/** The same of a row that was read. */
export function bytesOf(row: Row): number {
  return Buffer.byteLength(textIn(row, 'body')) + (row[BYTES] === undefined ? 0 : bytesIn(row).byteLength);
}

/** What `rowToEntity` needs to see, and what a scan goes on from. */
export function selectedColumns(kind: Kind): string {
  if (kind === 'episode') return 'episode.id, episode.started_at, episode.body';
  if (kind === 'step') return 'step.id, step.episode_id, step.number, step.body';
  if (kind === 'evidence') return 'evidence.id, evidence.episode_id, evidence.pattern_id, evidence.body';
  if (kind === 'embedding') return 'embedding.id, embedding.body, embedding.vectors';
  return `${kind}.id, ${kind}.body`;
}

/** @throws `STORE_CORRUPT` for a body that is no JSON, and for bytes that are no vectors */
export function rowToEntity<K extends Kind>(kind: K, row: Row): Entities[K] {
  const entity = parseBody(kind, row);
  // The store wrote this body from an entity of this kind.
  if (kind === 'step') return { ...entity, number: numberIn(row, 'number') } as Entities[K];
  if (kind === 'embedding') return { ...entity, vectors: vectorsIn(row, entity) } as Entities[K];
  return (kind === 'pattern' ? { ...UNTOLD, ...entity } : entity) as Entities[K];
}

/** What patterns of the first four schemas don't tell, where a store may only be read and stays as it is. */
const UNTOLD = { tasks: 0, standing: 'candidate', pValue: 1, history: [] } satisfies Partial<Entities['pattern']>;

/** All vectors of a row stand one after the other. Numbers of four bytes, the lowest first, as every machine here has them. */
function vectorsIn(row: Row, entity: object): readonly Float32Array[] {
  const dimensions = 'dimensions' in entity && typeof entity.dimensions === 'number' ? entity.dimensions : 0;
  const bytes = bytesIn(row);
  const length = dimensions * Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length === 0) return [];
  if (length === 0 || bytes.length % length !== 0) throw unreadable('embedding', row);
  return Array.from({ length: bytes.length / length }, (_, index) => {
    // Of its own: where the bytes stand, numbers may not begin.
    const vector = new Float32Array(dimensions);
    new Uint8Array(vector.buffer).set(bytes.subarray(index * length, (index + 1) * length));
    return vector;
  });
}

/** As the engine gives them, as a host does, or as digits. */
function bytesIn(row: Row): Uint8Array {
  const value = row[BYTES];
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return Buffer.from(textIn(row, BYTES), 'hex');
}

function digitsOf(vectors: readonly Float32Array[]): string {
  return vectors
    .map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('hex'))
    .join('');
}

function textHashOf(owner: Entities['episode' | 'pattern']): string {
  return textHash(embeddedTexts(owner));
}

/**
 * Text as it stands in a column, for filters and uniqueness. The engine cuts JSON strings at NUL and replaces lone
 * surrogates, so these are written as an escape: two different texts stay different. The body has the text itself.
 */
export function columnText(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.replace(UNSTORABLE, (character) => `\u001b${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
const UNSTORABLE = /[\u0000\u001b\p{Surrogate}]/gu;

/** The text in this column. The schema says that there is one. */
export function textIn(row: Row | undefined, column: string): string {
  const value = row?.[column];
  assert(typeof value === 'string', `column ${column} holds no text`);
  return value;
}

/** The number in this column. The schema says that there is one. */
export function numberIn(row: Row | undefined, column: string): number {
  const value = row?.[column];
  assert(typeof value === 'number', `column ${column} holds no number`);
  return value;
}

function bodyOf(entity: object): string {
  return JSON.stringify(entity);
}

function parseBody(kind: Kind, row: Row): object {
  try {
    return JSON.parse(textIn(row, 'body'));
  } catch (cause) {
    throw unreadable(kind, row, cause);
  }
}

function unreadable(kind: Kind, row: Row, cause?: unknown): MemoryError {
  const what = `The ${kind} ${textIn(row, 'id')} cannot be read`;
  return new MemoryError('STORE_CORRUPT', `${what}. Verify the store and restore a backup.`, { cause });
}
