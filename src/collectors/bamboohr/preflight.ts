import type { CollectorContext, PermissionReport } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { UNRECORDED } from '../unrecorded.ts';
import { type Api, openApi } from './api.ts';
import type { BamboohrConfig } from './config.ts';
import { dataset, permissions } from './datasets.ts';
import { anEmployee } from './employees.ts';
import { tableOf } from './tables.ts';

type Permission = PermissionReport['permissions'][number];

/** Asks for one employee and for the two tables of that one. */
export async function preflight(
  config: BamboohrConfig,
  context: CollectorContext,
  signal: AbortSignal,
): Promise<PermissionReport> {
  const { company } = config;
  const report: Permission[] = [];
  const examine = async (permission: string, attempt: () => Promise<unknown>) => {
    report.push({ dataset, permission, scope: company, ...(await heldBy(attempt, signal)) });
  };
  const asking = async <T>(work: (api: Api) => Promise<T>): Promise<T> => {
    await using api = await openApi(config, context, UNRECORDED, signal);
    return await work(api);
  };
  let employee = '0';
  await examine(permissions.list, async () => {
    employee = (await asking(anEmployee))?.employeeId ?? employee;
  });
  await examine(permissions.statuses, () => asking((api) => tableOf(api, 'employmentStatus', employee)));
  await examine(permissions.jobs, () => asking((api) => tableOf(api, 'jobInfo', employee)));
  return { caller: `company:${company}`, permissions: report };
}

async function heldBy(
  attempt: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<Pick<Permission, 'held' | 'detail'>> {
  if (signal.aborted) return { held: 'unknown', detail: 'not examined: the time was up' };
  try {
    await attempt();
    return { held: true };
  } catch (error) {
    if (signal.aborted) return { held: 'unknown', detail: 'not examined: the time was up' };
    if (!(error instanceof CollectorError)) throw error;
    if (error.code !== 'denied') return { held: 'unknown', detail: error.message };
    return {
      held: false,
      detail: `${error.message}. Give the user's access level "View" of these fields, of all employees`,
    };
  }
}
