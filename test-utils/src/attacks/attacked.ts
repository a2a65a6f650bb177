// Runs one attack against a sandbox, and says what went otherwise than promised.
import { isDeepStrictEqual } from 'node:util';
import type { Attack } from './attack.ts';
import { attackedHost } from './boundary.ts';
import { HONEST_PROGRAM, isRightOutcome } from './catalogue.ts';

const TICK_MS = 5;

/** A program as a sandbox takes it. */
export interface AttackedRequest {
  readonly code: string;
  readonly language?: 'javascript' | 'typescript';
  readonly input?: unknown;
  readonly timeoutMs?: number;
  readonly memoryMb?: number;
  readonly host?: ReturnType<typeof attackedHost>;
}

/** What a sandbox tells of a run, as far as attacks are judged by it. */
export interface AttackedResult {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string };
  readonly logs: readonly { readonly text: string }[];
  readonly logsDropped?: number;
  readonly usage: { readonly queuedMs: number; readonly memoryBytes: number };
  readonly limits: { readonly timeoutMs: number; readonly memoryMb: number };
  readonly killed: boolean;
}

/** A sandbox under attack. */
export interface AttackedSandbox {
  run(request: AttackedRequest): Promise<AttackedResult>;
}

/** How an attack went. */
export interface AttackReport {
  /** `ok`, or the code of the error. */
  readonly ended: string;
  readonly killed: boolean;
  /** From the start in a worker to the answer, by the clock of the caller. */
  readonly tookMs: number;
  /** How far beyond its deadline it ended; 0 when it ended before. */
  readonly overshootMs: number;
  /** The longest time that the caller's event loop stood still. */
  readonly lagMs: number;
  /** What the process took at most, more than before. */
  readonly growthBytes: number;
  /** What was not as the attack says that it must be, and whether the run after it saw a realm that is not fresh. */
  readonly findings: readonly string[];
}

/** Runs `attack`, then an honest program whose result must be `fresh`: what it gave before any attack. */
export async function underAttack(
  attack: Attack,
  { sandbox, fresh }: { readonly sandbox: AttackedSandbox; readonly fresh: unknown },
): Promise<AttackReport> {
  const watch = watchedLoop();
  const startedAt = performance.now();
  const ran = await sandbox.run(toRequest(attack));
  const tookMs = performance.now() - startedAt - ran.usage.queuedMs;
  const { lagMs, growthBytes } = watch.stop();
  const honest = await sandbox.run({ code: HONEST_PROGRAM });
  const findings = attackFindings(attack, ran);
  if (!isDeepStrictEqual(honest.result, fresh)) findings.push(`The run after it is not as before: ${text(honest)}`);
  const overshootMs = Math.max(0, tookMs - ran.limits.timeoutMs);
  return { ended: endOf(ran), killed: ran.killed, tookMs, overshootMs, lagMs, growthBytes, findings };
}

/** The attack as a request. */
export function toRequest(attack: Attack): AttackedRequest {
  const { code, language, input, timeoutMs, memoryMb, usesHost } = attack;
  return {
    code,
    ...(language === undefined ? {} : { language }),
    ...(input === undefined ? {} : { input }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(usesHost === true ? { host: attackedHost() } : {}),
  };
}

/** What a run of `attack` shows that is not as the attack says that it must be. */
export function attackFindings(attack: Attack, ran: AttackedResult): string[] {
  const findings: string[] = [];
  if (!isRightOutcome(attack, endOf(ran))) {
    findings.push(`It ended with ${text(ran)}, and ${String(attack.outcome)} is right.`);
  }
  if (attack.killed !== undefined && attack.killed !== ran.killed) {
    findings.push(ran.killed ? 'It had to be killed.' : 'It was not killed.');
  }
  if ('result' in attack && ran.ok && !isDeepStrictEqual(ran.result, attack.result)) {
    findings.push(`It gave ${text(ran)}.`);
  }
  const { memoryBytes } = ran.usage;
  if (memoryBytes > ran.limits.memoryMb * 2 ** 20) findings.push(`Its memory grew to ${memoryBytes} bytes.`);
  return [...findings, ...logFindings(attack, ran)];
}

function logFindings({ logs }: Attack, ran: AttackedResult): readonly string[] {
  if (logs === undefined) return [];
  const findings: string[] = [];
  const count = ran.logs.length;
  if (count === 0 || count > logs.maxLines) findings.push(`It kept ${count} log lines.`);
  if (ran.logsDropped === undefined ? logs.areDropped : !logs.areDropped) {
    findings.push(`It says that ${ran.logsDropped ?? 'no'} log lines were dropped.`);
  }
  return findings;
}

function endOf(ran: AttackedResult): string {
  return ran.ok ? 'ok' : (ran.error?.code ?? 'no code');
}

function text(ran: AttackedResult): string {
  return `${endOf(ran)} ${JSON.stringify(ran.ok ? ran.result : ran.error)}`.slice(0, 300);
}

function watchedLoop(): { stop(): { readonly lagMs: number; readonly growthBytes: number } } {
  const before = process.memoryUsage.rss();
  let peak = before;
  let lastAt = performance.now();
  let lagMs = 0;
  const look = (): void => {
    const now = performance.now();
    lagMs = Math.max(lagMs, now - lastAt - TICK_MS);
    lastAt = now;
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const ticking = setInterval(look, TICK_MS);
  return {
    stop: () => {
      clearInterval(ticking);
      look();
      return { lagMs: Math.max(0, lagMs), growthBytes: peak - before };
    },
  };
}
