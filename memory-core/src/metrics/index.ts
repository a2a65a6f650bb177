export {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  type LabelsOf,
  TIMERS,
  type TimerName,
} from './catalogue.ts';
export type { Disk } from './figure-folder.ts';
export { QUANTILE_ERROR, quantileMs, type Spread } from './histogram.ts';
export { type KeptFigures, type KeptPeriod, keptFigures, sumOf } from './kept-figures.ts';
export { type KeepOptions, type KeptRegistry, keptRegistry } from './kept-registry.ts';
export type { Life } from './life.ts';
export { measuredCache } from './measured-cache.ts';
export { measuredEmbedder } from './measured-embedder.ts';
export { measuredMemory } from './measured-memory.ts';
export { measuredStore } from './measured-store.ts';
export { KEPT_DAYS, KEPT_HOURS } from './period.ts';
export { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus.ts';
export { type GaugeReading, type MetricsRegistry, metricsRegistry, type RegistryOptions } from './registry.ts';
export {
  type CounterSeries,
  type GaugeSeries,
  type Labels,
  type MetricsSnapshot,
  mergedSnapshots,
  SNAPSHOT_VERSION,
  type TimerSeries,
} from './snapshot.ts';
