import { collectDefaultMetrics, Registry } from 'prom-client';

/** Of the library's own, those that are used and that follow the conventions for names. */
const kept: ReadonlySet<string> = new Set([
  'process_cpu_seconds_total',
  'process_start_time_seconds',
  'process_resident_memory_bytes',
  'process_open_fds',
  'process_max_fds',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_used_bytes',
]);

/** Metrics of this process and of Node, under the names that every dashboard knows. */
export function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) if (!kept.has(name)) registry.removeSingleMetric(name);
  return registry;
}
