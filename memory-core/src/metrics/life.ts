// What a process is doing now, as others read it: who it is, since when, and what its gauges stand at. Whether it is
// still there is asked of the system, as a number alone may be another process's by now.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { GAUGES } from './catalogue.ts';
import type { FigureFolder } from './figure-folder.ts';
import { isCounter, isListOf, isRecord, jsonIn } from './kept-snapshot.ts';
import type { GaugeSeries } from './snapshot.ts';

/** Who a process is, apart from every other that had or will have its number. */
export interface Identity {
  readonly pid: number;
  /** The machine since it was started, and the numbers of which container. Processes of other places cannot be asked for. */
  readonly place: string;
  /** When the system says that it was started; empty where it does not say. */
  readonly birth: string;
}

/** A process that is there, and how it is. */
export interface Life {
  readonly program: string;
  readonly pid: number;
  readonly startedAtMs: number;
  /** When its gauges were read. */
  readonly atMs: number;
  readonly gauges: readonly GaugeSeries[];
}

/** How often a process says that it is there, when nothing else is to be said. */
export const HEARTBEAT_MS = 60_000;
/** Who has said nothing for so long, and cannot be asked for, is gone. */
const SILENT_MS = 3 * HEARTBEAT_MS;
const LIFE_VERSION = 1;

/** Of this process. */
export function ownIdentity(): Identity {
  return { pid: process.pid, place: place(), birth: birthOf(process.pid) };
}

/** What a process says of itself. */
export function lifeText(life: Life, { place: where, birth }: Identity): string {
  return JSON.stringify({ version: LIFE_VERSION, ...life, place: where, birth });
}

/** The process that wrote this; `gone` where it has ended, `damaged` where the text says nothing. */
export function lifeIn(text: string, nowMs: number): Life | 'gone' | 'damaged' {
  const given = jsonIn(text);
  if (!isRecord(given) || given.version !== LIFE_VERSION) return 'damaged';
  const { program, pid, startedAtMs, atMs, gauges, place: where, birth } = given;
  if (typeof program !== 'string' || typeof where !== 'string' || typeof birth !== 'string') return 'damaged';
  if (typeof pid !== 'number' || typeof startedAtMs !== 'number' || typeof atMs !== 'number') return 'damaged';
  if (!Number.isInteger(pid) || pid < 1 || !isListOf(gauges, isCounter)) return 'damaged';
  if (!isThere({ pid, place: where, birth }, nowMs - atMs)) return 'gone';
  const known = gauges.filter(({ name }) => Object.hasOwn(GAUGES, name));
  // The names are those of the catalogue.
  return { program, pid, startedAtMs, atMs, gauges: known as readonly GaugeSeries[] };
}

/** Removes what processes said that are gone. */
export function forgetTheGone(folder: FigureFolder, nowMs: number): void {
  for (const name of folder.names().lives) {
    const file = folder.read(name);
    if (typeof file !== 'string' && lifeIn(file.text, nowMs) === 'gone') folder.remove(name);
  }
}

function isThere({ pid, place: where, birth }: Identity, silentMs: number): boolean {
  if (where !== place()) return silentMs < SILENT_MS;
  if (!hasNumber(pid)) return false;
  return birth === '' ? silentMs < SILENT_MS : birthOf(pid) === birth;
}

function hasNumber(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function place(): string {
  const boot = ifReadable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const numbers = ifReadable(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot, numbers].join(' ');
}

/** The twenty-second field of what Linux says of a process, counted behind its name, which may hold anything. */
function birthOf(pid: number): string {
  const told = ifReadable(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return told.slice(told.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Nothing on other systems. */
function ifReadable(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
