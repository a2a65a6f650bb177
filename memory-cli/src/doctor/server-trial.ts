// The server, started as a client starts it, does in a scratch folder all that an agent asks of it.
import type { Client } from '@modelcontextprotocol/client';
import { onOneLine } from '../output.ts';
import { VERSION } from '../version.ts';
import { type Finding, type Found, notChecked, ok, problem, reasonOf, warning } from './finding.ts';
import { flagsOfServer, type Launch, shellWord } from './launch.ts';
import { type ScratchFolder, scratchEnvironment } from './scratch.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';

/** What a server is tried with. */
export interface TrialOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly scratch: ScratchFolder;
  /** How long each step may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onStep: (name: string) => void;
}

/** Starts it, tries it and ends it. Never rejects; afterwards nothing of it runs. */
export async function serverTrial(launch: Launch, options: TrialOptions): Promise<readonly Finding[]> {
  const { Client } = await import('@modelcontextprotocol/client');
  const server = serverProcess({
    // Flags go before the environment, and would lead it to what the user stored.
    command: flagsOfServer(launch.command).others,
    environment: scratchEnvironment({ ...options.environment, ...launch.env }, options.scratch),
    folder: launch.folder,
  });
  const client = new Client({ name: 'memory-cli doctor', version: VERSION });
  const findings: Finding[] = [];
  let works = false;
  try {
    works = await trySteps({ client, server, launch, ...options }, findings);
  } finally {
    const { by, tookMs } = await server.stop(works ? 'patiently' : 'soon');
    if (!options.signal.aborted) findings.push({ check: 'server end', ...endFound(by), took_ms: Math.round(tookMs) });
  }
  return [...findings, { check: 'server output', ...outputFound(server) }];
}

interface Trial extends TrialOptions {
  readonly client: Client;
  readonly server: ServerProcess;
  readonly launch: Launch;
}

interface Step {
  readonly name: string;
  /** Answers what was found, where all is well in words alone. @throws what went wrong */
  do(trial: Trial): Promise<string | Found>;
}

/** One that fails leaves nothing to do for those behind it. Answers whether none did. */
async function trySteps(trial: Trial, findings: Finding[]): Promise<boolean> {
  const { signal, onStep } = trial;
  let failed: string | undefined;
  for (const { name, do: act } of lifeOfAnEpisode()) {
    if (signal.aborted) return false;
    if (failed !== undefined) {
      findings.push({ check: name, ...notChecked(`${failed} did not work`) });
      continue;
    }
    onStep(name);
    const startedMs = performance.now();
    try {
      const found = await act(trial);
      const told = typeof found === 'string' ? ok(found) : found;
      findings.push({ check: name, ...told, took_ms: Math.round(performance.now() - startedMs) });
    } catch (error) {
      if (signal.aborted) return false;
      failed = name;
      findings.push({ check: name, ...failure(error, trial) });
    }
  }
  return failed === undefined;
}

/** Every trial has its own: steps hand on what they were answered. */
function lifeOfAnEpisode(): readonly Step[] {
  let episodeId = '';
  let tools: readonly string[] = [];
  const own = { episode_id: () => episodeId };
  return [
    { name: 'server start', do: initialize },
    {
      name: 'server tools',
      async do(trial) {
        tools = (await trial.client.listTools({}, limits(trial))).tools.map(({ name }) => name);
        const missing = NEEDED.filter((name) => !tools.includes(name));
        if (missing.length > 0)
          throw new Error(`it has no ${missing.join(', ')}: this is no memory-mcp, or an old one`);
        return `${tools.length} tools`;
      },
    },
    { name: 'server store', do: inScratch },
    {
      name: 'create_episode',
      async do(trial) {
        const { episode_id: id } = await call(trial, 'create_episode', { task_description: TASK, domain: 'doctor' });
        episodeId = String(id);
        return `began ${episodeId.slice(0, 8)}`;
      },
    },
    {
      name: 'add_step',
      async do(trial) {
        const result = { type: 'error', message: ERROR };
        await call(trial, 'add_step', { episode_id: own.episode_id(), tool: 'bash', action: 'npm test', result });
        return 'recorded an error';
      },
    },
    {
      name: 'complete_episode',
      async do(trial) {
        const outcome = { kind: 'success', verdict: 'The tests pass' };
        await call(trial, 'complete_episode', { episode_id: own.episode_id(), outcome });
        return 'ended it';
      },
    },
    {
      name: 'query_memory',
      async do(trial) {
        const answer = await call(trial, 'query_memory', { query: TASK });
        if (!JSON.stringify(answer).includes(own.episode_id()))
          throw new Error('it does not find what was just stored');
        return 'found it again';
      },
    },
    {
      name: 'forget',
      async do(trial) {
        const { episodes } = await call(trial, 'forget', { episode_ids: [own.episode_id()] });
        if (episodes !== 1) throw new Error(`it forgot ${episodes} episodes, not 1`);
        return 'forgot it';
      },
    },
    {
      name: 'execute_code',
      async do(trial) {
        if (!tools.includes('execute_code')) return 'this server has none';
        const { ok: hasRun, result } = await call(trial, 'execute_code', { code: '1 + 1' });
        if (hasRun !== true || result !== 2) throw new Error(`1 + 1 is answered by ${JSON.stringify(result)}`);
        return '1 + 1 is 2';
      },
    },
  ];
}

const TASK = 'Mend the failing checkout test of the doctor';
const ERROR = 'TypeError: Cannot read properties of undefined (reading "total")';
/** Those that are listed; `forget` answers without. */
const NEEDED = ['health_check', 'create_episode', 'add_step', 'complete_episode', 'query_memory'];

async function initialize(trial: Trial): Promise<Found> {
  const { client, server, launch } = trial;
  await client.connect(server.transport, limits(trial));
  const { name = 'a server', version = 'without a version' } = client.getServerVersion() ?? {};
  const text = `${name} ${version}, as ${launch.by} starts it, but in a scratch folder`;
  if (version === VERSION) return ok(text);
  const advice = 'Install memory-cli and memory-mcp in one version, and write the entry anew: memory-cli init';
  return warning(`${text}; memory-cli is ${VERSION}`, advice);
}

/** Before anything is written: what does not work in the scratch folder would write to the memory of the user. */
async function inScratch(trial: Trial): Promise<string> {
  const { components } = await call(trial, 'health_check', {});
  const all: readonly unknown[] = Array.isArray(components) ? components : [];
  const store = JSON.stringify(all.find((each) => JSON.stringify(each).includes('"name":"store"')) ?? '');
  if (store.includes(JSON.stringify(trial.scratch.database).slice(1, -1))) return 'it uses the scratch folder';
  const detail = /"detail":"((?:[^"\\]|\\.)*)"/u.exec(store)?.[1] ?? 'it does not tell where its store is';
  throw new Error(`it does not use the scratch folder of this trial (${detail}), so nothing more was tried`);
}

type Answer = Readonly<Record<string, unknown>>;

async function call(trial: Trial, name: string, given: Answer): Promise<Answer> {
  const answer = await trial.client.callTool({ name, arguments: given }, limits(trial));
  if (answer.isError !== true) return Object.fromEntries(Object.entries(answer.structuredContent ?? {}));
  const [first] = answer.content;
  throw new Error(first?.type === 'text' ? first.text : 'it answers with an error that has no text');
}

function limits({ timeoutMs, signal }: Trial): { readonly timeout: number; readonly signal: AbortSignal } {
  return { timeout: timeoutMs, signal };
}

/** Nobody can say better than the server itself why it does not work. */
function failure(error: unknown, { server, launch, timeoutMs }: Trial): Found {
  const said = server.lastError();
  const quoted = said === undefined ? '' : `; it said: ${onOneLine(said).slice(0, 300)}`;
  const command = launch.command.map(shellWord).join(' ');
  const ending = server.ending();
  if (ending !== undefined) {
    return problem(`the server ended with ${ending}${quoted}`, `Run it yourself, it says why: ${command}`);
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return problem(`${launch.command[0]} cannot be started: there is no such program`, WRITE_ANEW);
    case 'EACCES':
      return problem(`${launch.command[0]} may not be executed`, `chmod +x ${shellWord(launch.command[0] ?? '')}`);
    case 'REQUEST_TIMEOUT':
      return problem(
        `no answer in ${timeoutMs / 1_000} s${quoted}`,
        `Run it yourself, it should wait for input: ${command}`,
      );
    default:
      return problem(`${onOneLine(reasonOf(error)).slice(0, 500)}${quoted}`, adviceFor(reasonOf(error)));
  }
}

const WRITE_ANEW = 'Write the entry anew with "memory-cli init", or name the program by its absolute path.';

function adviceFor(text: string): string {
  if (text.includes('INVALID_INPUT'))
    return 'Correct this setting where it is set: "memory-cli config show" says where.';
  return 'Compare the entry with what "memory-cli init --dry-run" would write.';
}

function endFound(by: Awaited<ReturnType<ServerProcess['stop']>>['by']): Found {
  if (by === 'itself') return notChecked('it had ended before');
  if (by === 'end of input') return ok('ended with its input');
  return warning(`did not end with its input, and was ended by ${by}`, 'memory-cli logs tail');
}

function outputFound({ strayLines, lastError }: ServerProcess): Found {
  const [first] = strayLines;
  if (first !== undefined) {
    const text = `standard output has lines that are no messages, such as: ${onOneLine(first)}`;
    return problem(text, 'Have whatever prints them (a wrapper, a shell profile) print to standard error.');
  }
  const said = lastError();
  return ok(
    `protocol alone${said === undefined ? '' : `; on standard error at last: ${onOneLine(said).slice(0, 200)}`}`,
  );
}
