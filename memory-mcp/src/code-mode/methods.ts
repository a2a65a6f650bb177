// The methods of `memory` that there are.
import { aggregate } from './aggregate.ts';
import { episode, episodes } from './episodes.ts';
import type { CodeModeMethod } from './method.ts';
import { patterns } from './patterns.ts';
import { recommend } from './recommend.ts';
import { search } from './search.ts';
import { steps } from './steps.ts';
import { refused, writes } from './writes.ts';

const reads: readonly CodeModeMethod[] = [search, episodes, episode, steps, patterns, aggregate, recommend];

/** What programs are allowed. */
export interface CodeModeRights {
  /** Whether programs may write as well as read. */
  readonly allowWrites: boolean;
  /** Why the settings could not be read, where that is why programs may not write. */
  readonly unreadBecause?: string | undefined;
  /** The project's file allows writes, which it may not: nothing was taken of it. @default false */
  readonly isProjectIgnored?: boolean | undefined;
}

/** The methods that a program may call, in the order in which to tell of them. */
export function codeModeMethods({ allowWrites }: CodeModeRights): readonly CodeModeMethod[] {
  return allowWrites ? [...reads, ...writes] : reads;
}

/** Those, and in the place of what is not allowed a method of that name which says so. */
export function answeringMethods(rights: CodeModeRights): readonly CodeModeMethod[] {
  return [...reads, ...(rights.allowWrites ? writes : writes.map((method) => refused(method, rights)))];
}
