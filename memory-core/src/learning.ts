// The parts of learning over many episodes, for those who measure them.
export { nearestCluster } from './learn/clusters/nearest-cluster.ts';
export { type Clustering, type KnownClusters, taskClusters } from './learn/clusters/task-clusters.ts';
export { traceOf } from './trace.ts';
