import type { CollectorContext, PermissionReport, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { UNRECORDED } from '../unrecorded.ts';
import { collectRegister } from './collect.ts';
import { type RegisterConfig, sectionOf } from './config.ts';
import { registers } from './registers.ts';
import { SHEETS_SCOPE } from './sheet/names.ts';

type Permission = PermissionReport['permissions'][number];

/** Reads each register to its end, without keeping anything: what is wrong with one is told before it is collected. */
export async function preflight(
  config: RegisterConfig,
  context: CollectorContext,
  signal: AbortSignal,
  chosen: readonly string[] = registers.map(({ dataset }) => dataset),
): Promise<PermissionReport> {
  const permissions: Permission[] = [];
  const callers = new Set<string>();
  const sheets: Provenance = { ...UNRECORDED, setCaller: (identity) => void callers.add(identity) };
  for (const spec of registers) {
    const section = sectionOf(config, spec.section);
    if (section === undefined || !chosen.includes(spec.dataset)) continue;
    const permission = section.sheet === undefined ? 'read the register' : SHEETS_SCOPE;
    const provenance = section.sheet === undefined ? UNRECORDED : sheets;
    const collecting = { spec, config, section, context, provenance, before: undefined, signal };
    const found = await outcome(collectRegister(collecting), signal);
    permissions.push({ dataset: spec.dataset, permission, scope: config.scope, ...found });
  }
  return { caller: [...callers].join(', ') || 'files', permissions };
}

async function outcome(
  records: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<Pick<Permission, 'held' | 'detail'>> {
  try {
    for await (const _ of records) if (signal.aborted) break;
    return signal.aborted ? { held: 'unknown', detail: 'not examined' } : { held: true };
  } catch (error) {
    if (signal.aborted) return { held: 'unknown', detail: 'not examined' };
    if (!(error instanceof CollectorError)) throw error;
    const held = error.code === 'denied' || error.code === 'configuration' ? false : 'unknown';
    return { held, detail: error.message };
  }
}
