// The reference of the server, docs/mcp.md: everything it serves, asked of a server, and what that cannot say in words.
import { LIMITS } from '@episodica/memory-core';
import type { Prompt, Resource, ResourceTemplateType, Tool } from '@modelcontextprotocol/client';
import { CALL_LIMITS } from '../../src/calls.ts';
import { typeText } from '../../src/code-mode/declarations-types.ts';
import { MAX_BODY_BYTES } from '../../src/http/exchange.ts';
import { DEFAULT_SESSION_LIMITS } from '../../src/http/sessions.ts';
import { ERROR_MEANINGS } from '../../src/tool.ts';
import { toolsFor } from '../../src/tools/all.ts';
import { type ExampleCall, openPlace, type Place } from './examples.ts';
import { argumentRows, cell } from './schemas.ts';
import { LIMIT_WORDS, REPEATED_WORDS } from './words.ts';

const HEAD = `# The MCP server

<!-- Generated: \`npm run reference -w memory-mcp\`. -->

What a client of \`memory-mcp\` sees, asked of the server itself. How to add it: [Claude Code](claude-code.md), [OpenCode](opencode.md).
It speaks the revisions 2024-10-07 to 2025-11-25 of the protocol, with their handshake, and 2026-07-28. The calls shown were made;
of their answers, which come as text and as structured content, the texts are shown. Ids in them are made up, and what was measured reads N.`;

const HTTP = `## Over HTTP

\`memory-mcp --http\` serves any number of clients on this machine, from one process. On standard error it says where, and where the token is.

| address | method | what it is |
| --- | --- | --- |
| \`/mcp\` | POST, GET, DELETE | the protocol as Streamable HTTP, in all revisions; needs \`Authorization: Bearer TOKEN\` |
| \`/health\` | GET | \`{"status": "ok"}\`, \`degraded\`, or \`down\` with status 503; with the token, what \`health_check\` tells |
| \`/metrics\` | GET | the figures of \`get_metrics\` and more as Prometheus text; needs the token |

The token is \`MCP_TOKEN\` or, where that is not set, the line in the file \`mcp-token\` of the data folder, which only its owner can read.
Messages come one at a time: batches are refused, as over stdio.
Calls name their \`project\`: over HTTP there is none by default, and a call without one sees what belongs to no project. Resources and
completion show the records of all projects there, and \`resume\` takes the newest open episode of all.
Connections over which the token was not shown are few and short: each gets one answer, and the oldest makes room for another. \`Host\`, and \`Origin\` where there is one, must be a name of this machine
or the address that is listened at.
Clients of the revisions with a handshake have a session each, ${DEFAULT_SESSION_LIMITS.sessions} at the same time; one over which nothing went for ${DEFAULT_SESSION_LIMITS.idleMs / 60_000} minutes ends, and where
all are taken the one that was silent longest makes room. Clients of 2026-07-28 have none: an episode that one of them has open is
left out of what each of them finds, and \`reflect\` wants its id.

| status | why |
| --- | --- |
| 400 | no JSON, no session where one is needed, or a \`Last-Event-ID\` that is no longer known |
| 401 | the token is missing or another |
| 403 | a \`Host\` or \`Origin\` of somebody else |
| 404 | no such address, or a session that has ended |
| 405, 406, 415 | another method; an \`Accept\` without \`application/json\` and \`text/event-stream\`; a body that is not \`application/json\` |
| 413 | a body of more than ${MAX_BODY_BYTES.toLocaleString('en')} bytes |
| 503 | too many sessions or large messages at the same time, with \`Retry-After\` |`;

const WATCHING = `## Completion, pages and changes

\`completion/complete\` fills in arguments of prompts and of the templates above: ids by their beginning or by words of the task, names of
projects and domains. \`resources/list\` comes in pages, led on by \`nextCursor\`; tools, prompts and templates stand on one page. Of the tools,
\`list_episodes\` pages by \`next_cursor\` and \`get_episode\` by \`next_step\`. A client that subscribed to a resource is told when it changes,
also by another process; one that has listed resources or tools is told when their list changes. By 2026-07-28 both are asked for with \`subscriptions/listen\`.`;

/** The whole page. */
export async function referencePage(): Promise<string> {
  const place = await openPlace();
  try {
    const tools = toolsFor({ hasSandbox: true }, await place.services.rights()).map((tool) => tool.listed());
    const sections = [
      HEAD,
      '## Tools',
      toolsTable(tools),
      ...tools.map((tool) => toolSection(tool, place.examples)),
      ...(await otherSections(place)),
      WATCHING,
      HTTP,
      errorsSection(),
      limitsSection(),
      settingsSection(),
    ];
    return steady(`${sections.join('\n\n')}\n`);
  } finally {
    await place.close();
  }
}

function toolsTable(tools: readonly Tool[]): string {
  const rows = tools.map(({ name, annotations }) => {
    const { readOnlyHint, destructiveHint, idempotentHint } = annotations ?? {};
    const again = REPEATED_WORDS[name] ?? (idempotentHint === true ? 'changes nothing more' : 'is another one');
    const what = readOnlyHint === true ? 'reads' : destructiveHint === true ? '**takes away**' : 'writes';
    return `| [\`${name}\`](#${name}) | ${what} | ${again} |`;
  });
  return ['| tool | what it does to the memory | the same call again |', '| --- | --- | --- |', ...rows].join('\n');
}

function toolSection(tool: Tool, examples: ReadonlyMap<string, ExampleCall>): string {
  const { name, title = name, description = '', inputSchema, outputSchema = {} } = tool;
  const example = examples.get(name);
  if (example === undefined) throw new Error(`${name} has no example: give it one in test/reference/examples.ts.`);
  const rows = argumentRows(inputSchema);
  const table = ['| argument | type | required | what it is |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return [
    `### ${name}`,
    `*${title}.* ${description.includes('\n') ? `What a model is told:\n\n${fenced('text', description)}` : description}`,
    rows.length === 0 ? 'It takes no arguments.' : table,
    `Result:\n\n${fenced('ts', typeText({ ...outputSchema }))}`,
    `For example\n\n${fenced('json', JSON.stringify(example.given, undefined, 2))}`,
    `is answered with\n\n${fenced('text', name === 'get_metrics' ? withoutNumbers(example.answer) : withoutAmounts(example.answer))}`,
  ].join('\n\n');
}

/** A fence is longer than any in the text. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/gu)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Resources and prompts, as far as the server says that it has them. */
async function otherSections({ client }: Place): Promise<readonly string[]> {
  const { resources, prompts } = client.getServerCapabilities() ?? {};
  return [
    ...(resources === undefined
      ? []
      : [resourcesSection(await client.listResources(), await client.listResourceTemplates())]),
    ...(prompts === undefined ? [] : [promptsSection((await client.listPrompts()).prompts)]),
  ];
}

function resourcesSection(
  { resources }: { readonly resources: readonly Resource[] },
  { resourceTemplates }: { readonly resourceTemplates: readonly ResourceTemplateType[] },
): string {
  const places = [
    // Behind the fixed ones are listed those of the newest records: the templates stand for them.
    ...resources
      .filter(({ uri }) => !/^memory:\/\/(?:episodes|patterns)\//u.test(uri))
      .map(({ uri, ...told }) => ({ at: uri, ...told })),
    ...resourceTemplates.map(({ uriTemplate, ...told }) => ({ at: uriTemplate, ...told })),
  ];
  const rows = places.map(
    ({ at, mimeType = '', description = '' }) => `| \`${at}\` | ${mimeType} | ${cell(description)} |`,
  );
  return ['## Resources', ['| address | form | what it tells |', '| --- | --- | --- |', ...rows].join('\n')].join(
    '\n\n',
  );
}

function promptsSection(prompts: readonly Prompt[]): string {
  const rows = prompts.map(({ name, description = '', arguments: given = [] }) => {
    const told = given.map(
      (one) => `\`${one.name}\`${one.required === true ? '' : ' (optional)'}: ${one.description ?? ''}`,
    );
    return `| \`${name}\` | ${cell(description)} | ${cell(told.join('; '))} |`;
  });
  return ['## Prompts', ['| prompt | what it asks | arguments |', '| --- | --- | --- |', ...rows].join('\n')].join(
    '\n\n',
  );
}

function errorsSection(): string {
  const rows = Object.entries(ERROR_MEANINGS).map(([code, words]) => `| \`${code}\` | ${words} |`);
  return [
    '## Errors',
    'What goes wrong in a tool is a result with `isError`, whose text is `CODE: what happened and what to do.` An unknown tool, method, ' +
      'resource or prompt and a message that is none are errors of the protocol (codes −32700 to −32600). A program of ' +
      '`execute_code` that fails is a result with `ok: false` and codes of its own ([sandbox.md](sandbox.md)).',
    ['| code | what it means |', '| --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

function limitsSection(): string {
  // The record of words has the keys of the limits.
  const rows = (Object.keys(LIMIT_WORDS) as (keyof typeof LIMITS)[]).map(
    (name) => `| ${LIMITS[name].toLocaleString('en')} | ${LIMIT_WORDS[name]} |`,
  );
  const { memory, program } = CALL_LIMITS;
  return [
    '## Limits',
    'Past a limit a call is refused with `LIMIT_EXCEEDED`, where nothing else is said, and nothing is stored.',
    ['| at most | of |', '| ---: | --- |', ...rows].join('\n'),
    `At the same time ${memory.maxRunning} calls of the memory run and ${memory.maxWaiting} wait, and there are ${program.maxRunning} ` +
      'calls of `execute_code`; one more is refused with `QUEUE_FULL`, and so is any call of the memory while the first ' +
      `that waits has done so for ${memory.maxWaitMs?.toLocaleString('en')} ms. Those of a program are in [sandbox.md](sandbox.md).`,
  ].join('\n\n');
}

function settingsSection(): string {
  return [
    '## Settings',
    `The server, the terminal program and the library have the same ones, from the same places: [configuration.md](configuration.md).
An entry of a client may set them as environment, and name a file (\`--config FILE\`) or a data folder (\`--data-dir DIR\`) by flags.`,
  ].join('\n\n');
}

/** Without what is measured, and where that was little or much at one time is told at all. */
function withoutAmounts(answer: string): string {
  return answer
    .replace(/\b\d+(?:\.\d+)?(?= (?:ms|s|MB|workers)\b)/gu, 'N')
    .replace(/, N m?s waiting for a worker/u, '');
}

/** Figures of a process are other ones at every run. */
function withoutNumbers(answer: string): string {
  return answer.replace(/ *(?<![\w-])\d[\d.,]*/gu, ' N');
}

/** The same at every run: ids by the order in which they come up. */
function steady(page: string): string {
  const ids = new Map<string, string>();
  return page.replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/gu, (id) => {
    ids.set(id, ids.get(id) ?? `0198c0de-0000-7000-8000-${String(ids.size + 1).padStart(12, '0')}`);
    return ids.get(id) ?? '';
  });
}
