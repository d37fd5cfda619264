import { performance } from 'node:perf_hooks';
import { verifyDirectory } from '../../src/evidence/verify.ts';

// Verifies the store of a directory in a process of its own, and tells on one line how long it took and how much memory it ever had.
const [directory = ''] = process.argv.slice(2);
const began = performance.now();
const { ok, entries, bodies, problems } = await verifyDirectory(directory);
const told = {
  ok: ok || problems.slice(0, 3),
  entries,
  bodies,
  seconds: (performance.now() - began) / 1000,
  /** Megabytes. */
  resident: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(`${JSON.stringify(told)}\n`);
