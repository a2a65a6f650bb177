// The official conformance suite against our HTTP transport: the real server, and one that has what its scenarios ask for.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../client.ts';
import { startHttp } from './process.ts';
import { openTestServer, TOKEN } from './server.ts';

/** It runs on Node 22 and later only. */
const PACKAGES = ['node@22', '@modelcontextprotocol/conformance@0.1.16'];
/** For the first run of a machine, which fetches them. */
const MAX_FETCH_MS = 240_000;
const MAX_RUN_MS = 120_000;

/** What the memory has none of, and why: these scenarios ask for tools, resources and prompts of their own names. */
const NOT_OF_A_MEMORY: Readonly<Record<string, readonly string[]>> = {
  'no tool of the suite is here': [
    'json-schema-2020-12',
    'tools-call-audio',
    'tools-call-embedded-resource',
    'tools-call-error',
    'tools-call-image',
    'tools-call-mixed-content',
    'tools-call-simple-text',
    'tools-call-with-progress',
  ],
  'no resource or prompt of the suite is here': [
    'completion-complete',
    'prompts-get-embedded-resource',
    'prompts-get-simple',
    'prompts-get-with-args',
    'prompts-get-with-image',
    'resources-read-binary',
    'resources-read-text',
    'resources-subscribe',
    'resources-templates-read',
    'resources-unsubscribe',
  ],
  'nothing is asked of clients, and nothing is logged to them': [
    'elicitation-sep1034-defaults',
    'elicitation-sep1330-enums',
    'logging-set-level',
    'tools-call-elicitation',
    'tools-call-sampling',
    'tools-call-with-logging',
  ],
};

/** Scenarios of the suite, by their names, and whether all that they check is well. */
type Verdicts = Readonly<Record<string, 'passes' | 'fails'>>;

/** Where npx has put the suite and the Node that it needs. */
let programs: readonly string[];
beforeAll(async () => {
  const packages = PACKAGES.flatMap((name) => ['-p', name]);
  const given = ['--yes', ...packages, '-c', 'command -v node && command -v conformance'];
  const { stdout } = await promisify(execFile)('npx', given, { timeout: MAX_FETCH_MS, cwd: tmpdir() });
  programs = stdout.trim().split('\n');
}, MAX_FETCH_MS);

test(
  'the transport passes every scenario of the conformance suite [MC-06]',
  async () => {
    const { url } = await openTestServer();
    const verdicts = await conformance(await withToken(url, TOKEN));
    expect(Object.keys(verdicts)).toHaveLength(32);
    expect(failing(verdicts)).toEqual([]);
  },
  MAX_RUN_MS,
);

test(
  'the memory passes every scenario of the conformance suite that does not ask for what it has not [MC-06]',
  async () => {
    const server = await startHttp(temporaryFolder());
    const verdicts = await conformance(await withToken(server.url, server.token));
    expect(Object.keys(verdicts)).toHaveLength(32);
    expect(failing(verdicts)).toEqual(Object.values(NOT_OF_A_MEMORY).flat().sort());
  },
  MAX_RUN_MS,
);

function failing(verdicts: Verdicts): readonly string[] {
  return Object.keys(verdicts)
    .filter((name) => verdicts[name] === 'fails')
    .sort();
}

/** Runs the suite. What it finds, it writes into a folder for each scenario. */
async function conformance(url: string): Promise<Verdicts> {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [node = '', suite = ''] = programs;
  const given = [suite, 'server', '--suite', 'all', '--url', url, '-o', folder];
  const ran = promisify(execFile)(node, given, { timeout: MAX_RUN_MS, maxBuffer: 10_000_000, cwd: folder });
  // A scenario that fails makes the run fail; one that did not run at all is missing from the folder.
  await ran.catch(() => {});
  return Object.fromEntries(
    readdirSync(folder).map((entry) => {
      const checks: readonly { readonly status: string }[] = JSON.parse(
        readFileSync(join(folder, entry, 'checks.json'), 'utf8'),
      );
      const isWell = checks.every(({ status }) => status !== 'FAILURE');
      return [/^server-(.*?)-\d{4}-\d\d-\d\dT/u.exec(entry)?.[1] ?? entry, isWell ? 'passes' : 'fails'];
    }),
  );
}

/** The suite cannot send a token. What stands between adds it, and leaves all else as it came. */
async function withToken(url: string, token: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const between = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const sent = httpRequest(
      { host, port, path, method, headers: { ...headers, authorization: `Bearer ${token}` }, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
        answer.on('error', () => outgoing.destroy());
        answer.pipe(outgoing);
      },
    );
    sent.on('error', () => outgoing.destroy());
    outgoing.on('close', () => sent.destroy());
    incoming.pipe(sent);
  });
  await new Promise<void>((resolve) => {
    between.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    between.closeAllConnections();
    between.close();
  });
  // It listens at a port.
  return `http://127.0.0.1:${(between.address() as AddressInfo).port}/mcp`;
}
