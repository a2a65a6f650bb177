// The worker: learns from the episodes of one scope, which are handed over some at a time, and answers once.
import { type MessagePort, parentPort } from 'node:worker_threads';
import { learnScope, type ScopeInput, type ScopeLearning } from '../learn/scope-learning.ts';
import type { Trace } from '../trace.ts';

/** Some more episodes, or that these were all. */
export type LearnOrder =
  | { readonly kind: 'traces'; readonly traces: readonly Trace[] }
  | { readonly kind: 'learn'; readonly input: Omit<ScopeInput, 'traces'> };

function serve(port: MessagePort): void {
  const traces: Trace[] = [];
  port.on('message', (order: LearnOrder) => {
    if (order.kind === 'traces') traces.push(...order.traces);
    else port.postMessage(learnScope({ ...order.input, traces }) satisfies ScopeLearning);
  });
}

// Only `learn-thread.ts` starts this file.
if (parentPort !== null) serve(parentPort);
