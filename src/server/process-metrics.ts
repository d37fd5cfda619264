import { performance } from 'node:perf_hooks';
import type { Family } from './family.ts';

function single(type: Family['type'], name: string, help: string, value: number): Family {
  return { type, name, help, labels: [], samples: [[{}, value]] };
}

/** What this process uses, under the names that client libraries of Prometheus give it. */
export function processFamilies(): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    single(
      'gauge',
      'process_start_time_seconds',
      'When the process started, in Unix seconds.',
      performance.timeOrigin / 1000,
    ),
    single(
      'counter',
      'process_cpu_seconds_total',
      'Processor time used, in user and system mode together.',
      (user + system) / 1e6,
    ),
    single('gauge', 'process_resident_memory_bytes', 'Resident memory, without that of children.', rss),
    single('gauge', 'nodejs_heap_size_used_bytes', 'JavaScript heap in use.', heapUsed),
    single(
      'counter',
      'nodejs_eventloop_active_seconds_total',
      'Time that the event loop was busy; at one second a second nothing else is answered.',
      performance.eventLoopUtilization().active / 1000,
    ),
  ];
}
