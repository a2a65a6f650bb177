// The parts of learning, for those who measure them or learn elsewhere.
export { taskClusters } from './learn/clusters/task-clusters.ts';
export { type LearnInput, learn } from './learn/learn.ts';
export { minePatterns } from './learn/mine/mine.ts';
export { learnScope } from './learn/scope-learning.ts';
export { traceOf } from './trace.ts';
