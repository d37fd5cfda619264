import { readdirSync, readFileSync } from 'node:fs';

const EVERY_MS = 20;

/** Watches the resident memory of a process and its descendants together, until told to stop: then the most it ever was, in megabytes. */
export function watchResident(pid: number): () => number {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, residentOf(pid));
  };
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    return Math.round(peak / 1_024);
  };
}

/** Kilobytes; shared pages count once for each process. */
function residentOf(root: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), status: statusOf(name) }));
  const family = new Set([root]);
  for (let size = 0; size < family.size;) {
    size = family.size;
    for (const { pid, status } of processes) if (family.has(field(status, 'PPid'))) family.add(pid);
  }
  return processes
    .filter(({ pid }) => family.has(pid))
    .reduce((sum, { status }) => sum + field(status, 'VmRSS'), 0);
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}

/**
 * The same with the pages of files (Node's own, above all) counted for the process alone, since descendants run the same files; looks only at
 * the family.
 */
export function watchFamily(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, familyOf(String(pid), 'VmRSS'));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    return Math.round(peak / 1_024);
  };
}

function familyOf(pid: string, name: 'VmRSS' | 'RssAnon'): number {
  const below = childrenOf(pid).map((child) => familyOf(child, 'RssAnon'));
  return below.reduce((sum, one) => sum + one, field(statusOf(pid), name));
}

function childrenOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}
