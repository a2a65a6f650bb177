// What a libSQL server does with a request of the Hrana protocol, versions 2 and 3, over connections to a local database. JSON only.
// Source: HRANA_3_SPEC.md of github.com/tursodatabase/libsql.
import Database from 'libsql';

/** A value on the wire. */
type WireValue =
  | { readonly type: 'null' }
  | { readonly type: 'integer'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'blob'; readonly base64: string };

interface WireStatement {
  readonly sql?: string;
  readonly sql_id?: number;
  readonly args?: readonly WireValue[];
  readonly named_args?: readonly { readonly name: string; readonly value: WireValue }[];
}

type Condition =
  | { readonly type: 'ok' | 'error'; readonly step: number }
  | { readonly type: 'not'; readonly cond: Condition }
  | { readonly type: 'and' | 'or'; readonly conds: readonly Condition[] }
  | { readonly type: 'is_autocommit' };

interface WireBatch {
  readonly steps: readonly { readonly condition?: Condition | null; readonly stmt: WireStatement }[];
}

/** A request on a stream. */
export type StreamRequest =
  | { readonly type: 'execute'; readonly stmt: WireStatement }
  | { readonly type: 'batch'; readonly batch: WireBatch }
  | { readonly type: 'sequence'; readonly sql?: string; readonly sql_id?: number }
  | { readonly type: 'store_sql'; readonly sql_id: number; readonly sql: string }
  | { readonly type: 'close_sql'; readonly sql_id: number }
  | { readonly type: 'get_autocommit' }
  | { readonly type: 'close' };

export interface WireError {
  readonly message: string;
  readonly code?: string;
}

interface StatementResult {
  readonly cols: readonly { readonly name: string; readonly decltype: string | null }[];
  readonly rows: readonly (readonly WireValue[])[];
  readonly affected_row_count: number;
  readonly last_insert_rowid: string | null;
}

interface BatchResult {
  readonly step_results: readonly (StatementResult | null)[];
  readonly step_errors: readonly (WireError | null)[];
}

/** One connection, and the texts that were stored for it. */
export interface HranaStream {
  /** @throws what `toWireError` takes */
  answer(request: StreamRequest): object;
  /** A transaction that is open is rolled back. */
  close(): void;
}

export interface HranaStreams {
  /** `texts`: SQL stored by number; over WebSocket all streams of a connection share it. */
  open(texts?: Map<number, string>): HranaStream;
  close(): void;
}

/** Streams open at the same time; a client that leaves more of them behind is told so. */
const MAX_STREAMS = 256;
/** Connections kept for the next stream: to open one takes longer than most statements. */
const MAX_IDLE = 8;
/** There is one thread: a lock that another stream holds is not given back while this one waits for it. */
const BUSY_TIMEOUT_MS = 1_000;

/** `setup` is the SQL with which every connection begins. */
export function hranaStreams(path: string, setup: string): HranaStreams {
  const idle: Database.Database[] = [];
  const used = new Set<Database.Database>();
  let isClosed = false;

  function newConnection(): Database.Database {
    const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    database.exec(setup);
    return database;
  }

  function giveBack(database: Database.Database): void {
    if (!used.delete(database)) return;
    if (database.inTransaction) database.exec('ROLLBACK');
    if (idle.length < MAX_IDLE) idle.push(database);
    else database.close();
  }

  return {
    open(texts = new Map()) {
      if (isClosed) throw new Error('the server is closed');
      if (used.size >= MAX_STREAMS) throw new Error(`there are ${MAX_STREAMS} streams already`);
      const database = idle.pop() ?? newConnection();
      used.add(database);
      return { answer: answering(database, texts), close: () => giveBack(database) };
    },
    close() {
      isClosed = true;
      for (const database of [...idle.splice(0), ...used]) database.close();
      used.clear();
    },
  };
}

function answering(database: Database.Database, texts: Map<number, string>): HranaStream['answer'] {
  const sqlOf = ({ sql, sql_id }: { readonly sql?: string; readonly sql_id?: number }): string => {
    const text = sql ?? texts.get(sql_id ?? -1);
    if (text === undefined) throw new Error('no SQL was given');
    return text;
  };

  function run(statement: WireStatement): StatementResult {
    return runStatement(database, sqlOf(statement), statement);
  }

  function runBatch({ steps }: WireBatch): BatchResult {
    const results: (StatementResult | null)[] = [];
    const errors: (WireError | null)[] = [];
    const holds = (condition: Condition): boolean => {
      switch (condition.type) {
        case 'ok':
          return results[condition.step] != null;
        case 'error':
          return errors[condition.step] != null;
        case 'not':
          return !holds(condition.cond);
        case 'and':
          return condition.conds.every(holds);
        case 'or':
          return condition.conds.some(holds);
        case 'is_autocommit':
          return !database.inTransaction;
      }
    };
    for (const { condition, stmt } of steps) {
      let result: StatementResult | null = null;
      let error: WireError | null = null;
      try {
        if (condition == null || holds(condition)) result = run(stmt);
      } catch (cause) {
        error = toWireError(cause);
      }
      results.push(result);
      errors.push(error);
    }
    return { step_results: results, step_errors: errors };
  }

  return (request) => {
    switch (request.type) {
      case 'execute':
        return { type: 'execute', result: run(request.stmt) };
      case 'batch':
        return { type: 'batch', result: runBatch(request.batch) };
      case 'sequence':
        database.exec(sqlOf(request));
        return { type: 'sequence' };
      case 'store_sql':
        texts.set(request.sql_id, request.sql);
        return { type: 'store_sql' };
      case 'close_sql':
        texts.delete(request.sql_id);
        return { type: 'close_sql' };
      case 'get_autocommit':
        return { type: 'get_autocommit', is_autocommit: !database.inTransaction };
      case 'close':
        return { type: 'close' };
      default:
        throw new Error('this server does not know such a request');
    }
  };
}

/** An error as the protocol tells it: the engine's code for the kind of error, and its words. */
export function toWireError(cause: unknown): WireError {
  if (cause instanceof Database.SqliteError) {
    return { message: `SQLite error: ${cause.message}`, code: cause.code.split('_').slice(0, 2).join('_') };
  }
  return { message: cause instanceof Error ? cause.message : String(cause), code: 'SQL_INPUT_ERROR' };
}

function runStatement(
  database: Database.Database,
  sql: string,
  { args = [], named_args = [] }: WireStatement,
): StatementResult {
  // A prepared BEGIN that found the lock taken stays half-way.
  if (/^\s*(?:BEGIN|COMMIT|ROLLBACK)/iu.test(sql)) {
    database.exec(sql);
    return { cols: [], rows: [], affected_row_count: 0, last_insert_rowid: null };
  }
  const statement = database.prepare(sql);
  const named = Object.fromEntries(named_args.map(({ name, value }) => [name.replace(/^[:@$]/u, ''), fromWire(value)]));
  const values: readonly unknown[] = named_args.length > 0 ? [named] : args.map(fromWire);
  if (!statement.reader) {
    const { changes, lastInsertRowid } = statement.run(...values);
    return { cols: [], rows: [], affected_row_count: changes, last_insert_rowid: String(lastInsertRowid) };
  }
  const cols = statement.columns().map(({ name, type }) => ({ name, decltype: type }));
  // `raw` answers each row as an array.
  const rows = statement
    .raw()
    .safeIntegers()
    .all(...values) as readonly (readonly unknown[])[];
  return { cols, rows: rows.map((row) => row.map(toWire)), affected_row_count: 0, last_insert_rowid: null };
}

function fromWire(value: WireValue): unknown {
  switch (value.type) {
    case 'null':
      return null;
    case 'integer':
      return BigInt(value.value);
    case 'blob':
      return Buffer.from(value.base64, 'base64');
    default:
      return value.value;
  }
}

function toWire(value: unknown): WireValue {
  if (value === null || value === undefined) return { type: 'null' };
  if (typeof value === 'bigint') return { type: 'integer', value: String(value) };
  if (typeof value === 'number') return { type: 'float', value };
  if (typeof value === 'string') return { type: 'text', value };
  if (value instanceof Uint8Array) return { type: 'blob', base64: Buffer.from(value).toString('base64') };
  throw new TypeError(`no value of a database: ${String(value)}`);
}
