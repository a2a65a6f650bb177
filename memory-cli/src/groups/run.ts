// How a command is run.
import type { Command } from 'commander';
import type { Invocation } from '../open.ts';

/** Runs a task with what the flags before and behind the command say, and keeps its exit code. */
export type Run = (command: Command, task: (invocation: Invocation) => Promise<number>) => Promise<void>;
