// What went wrong outside of tools, whose results tell their own errors: as errors of the protocol, in the same words.
import { isMemoryError, type MemoryErrorCode } from '@episodica/memory-core';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Services } from './services.ts';
import { internalText } from './tool.ts';

/** The request is at fault: the message says what to ask instead. */
export function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

/** What is wrong with the params of a request in a sentence, where `error` is the SDK's list of all that is; it sends that as it is. */
export function paramsError(error: unknown): ProtocolError | undefined {
  const [, list] =
    error instanceof Error ? (/^(?:Invalid [a-z/]+ request: )?(\[.*\])$/su.exec(error.message) ?? []) : [];
  const [first] = (list === undefined ? undefined : issuesIn(list)) ?? [];
  if (first === undefined) return undefined;
  const { path, message, values } = deepest(first);
  const expected =
    values === undefined
      ? message.replace(/^Invalid input: /u, '')
      : `expected ${values.map((value) => JSON.stringify(value)).join(' or ')}`;
  return invalidParams(`${path.join('.').slice(0, 200)}: ${expected}.`);
}

/** What zod says of one thing that is wrong. */
interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Which values there are. */
  readonly values?: readonly unknown[] | undefined;
  /** Of each way in which it could have been right. */
  readonly errors?: readonly (readonly Issue[])[] | undefined;
}

const issueSchema: z.ZodType<Issue> = z.object({
  path: z.array(z.union([z.string(), z.number()])),
  message: z.string(),
  values: z.array(z.unknown()).optional(),
  get errors() {
    return z.array(z.array(issueSchema)).optional();
  },
});

function issuesIn(list: string): readonly Issue[] | undefined {
  try {
    return z.array(issueSchema).safeParse(JSON.parse(list)).data;
  } catch {
    return undefined;
  }
}

/** Of several ways, that in which least is wrong; where each wants another value, all of these. */
function deepest(issue: Issue): Issue {
  const ways = issue.errors ?? [];
  const firsts = ways.flatMap(([first]) => (first === undefined ? [] : [first]));
  const [nearest] = [...ways].sort((a, b) => a.length - b.length).flatMap(([first]) => first ?? []);
  if (nearest === undefined) return issue;
  const values = firsts.every((first) => first.values !== undefined)
    ? firsts.flatMap((first) => first.values ?? [])
    : nearest.values;
  return deepest({ ...nearest, values, path: [...issue.path, ...nearest.path] });
}

/** Runs what a request asks for when it is its turn, as calls of tools. @throws ProtocolError, whatever went wrong */
export async function answered<T>(
  { services, method, signal }: { readonly services: Services; readonly method: string; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await services.calls.run(work, signal);
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    if (isMemoryError(error)) {
      const code = OF_THE_CALLER.has(error.code) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
      throw new ProtocolError(code, `${error.code}: ${error.message}`);
    }
    services.logger.error({ method, error }, 'a request failed in a way that is not foreseen');
    throw new ProtocolError(ProtocolErrorCode.InternalError, internalText(method, services.requests.current()));
  }
}

const OF_THE_CALLER: ReadonlySet<MemoryErrorCode> = new Set(['INVALID_INPUT', 'NOT_FOUND', 'LIMIT_EXCEEDED']);
