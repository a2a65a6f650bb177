export {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  type LabelsOf,
  TIMERS,
  type TimerName,
} from './catalogue.ts';
export { QUANTILE_ERROR, quantileMs, type Spread } from './histogram.ts';
export { measuredCache } from './measured-cache.ts';
export { measuredEmbedder } from './measured-embedder.ts';
export { measuredStore } from './measured-store.ts';
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
