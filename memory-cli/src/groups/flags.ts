// What flags of several commands share: values that are checked, and sets of flags.
import { OUTCOME_KINDS, TASK_TYPES } from '@episodica/memory-core';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** As `search` of the library allows. */
export const MAX_HITS = 100;

export const EPISODE =
  'the episode: its id, or as much of its beginning as tells it from others, 8 characters at least';

export const HERE = 'this project (MEMORY_PROJECT, or the git remote or folder here) and what belongs to none';

/** What a flag of time takes. */
export const MOMENT = 'such as 7d for as long ago (s, m, h, d, w), 2026-01-31 or 2026-01-31T08:00:00Z';

/** A number from 0. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number from 0.');
  return value;
}

/** A whole number of that range. */
export function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/u.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `Give a whole number from ${min}.`
        : `Give a whole number from ${min} to ${max}.`,
    );
  };
}

/** The part of a help text that shows how a command is called. */
export function examples(...lines: readonly string[]): string {
  return ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  memory-cli ${line}`)].join('\n');
}

/** Filters of every command that looks for episodes. */
export function withFilters(command: Command): Command {
  return command
    .option('--project <project>', 'that project and what belongs to none')
    .option('--all-projects', 'look at every project')
    .option('--domain <domain>', 'area of work')
    .addOption(new Option('--type <type>', 'type of task').choices(TASK_TYPES))
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(OUTCOME_KINDS))
    .option('--tag <tag...>', 'has all of these tags; repeatable')
    .option('--since <time>', `started at or after, ${MOMENT}`)
    .option('--until <time>', 'started before');
}

/** Filters of listings. */
export function withListFilters(command: Command): Command {
  return withFilters(command)
    .addOption(new Option('--status <status>', 'open or completed').choices(['open', 'completed']))
    .option('--any-tag <tag...>', 'has one of these tags; repeatable');
}

/** Where patterns are looked for. */
export function withPlace(command: Command): Command {
  return command
    .option('--project <project>', 'that project and what belongs to none')
    .option('--all-projects', 'look at every project')
    .option('--domain <domain>', 'area of work');
}

/** What describes a task: it ranks, and hides nothing but what is of another domain. */
export function withTask(command: Command): Command {
  return command
    .argument('<task>', 'what is to be done')
    .option('--project <project>', 'the project it belongs to (default: the project here)')
    .option('--domain <domain>', 'area of work; what is of another is left out')
    .addOption(new Option('--type <type>', 'type of task').choices(TASK_TYPES))
    .option('--language <language>', 'programming language')
    .option('--framework <framework>', 'framework')
    .option('--file <file...>', 'file that is worked on; repeatable')
    .option('--episode <id>', 'the open episode of the task: its outcome then counts as feedback')
    .option('--limit <n>', `hits of each kind, 1-${MAX_HITS} (default: 5)`, between(1, MAX_HITS));
}
