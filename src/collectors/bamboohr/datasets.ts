import type { DatasetSpec } from '../contract.ts';

export const dataset = 'people';

/** In the words of BambooHR's access levels. */
export const permissions = {
  list: 'View, all employees: Work Email, Hire Date, Department, Employment Status, Reports To',
  statuses: 'View, all employees: the table Employment Status',
  jobs: 'View, all employees: the table Job Information',
} as const;

export const datasets: readonly DatasetSpec[] = [
  {
    name: dataset,
    kinds: ['person', 'departure', 'transfer'],
    cadence: 'every 24h',
    operations: ['list-employees', 'get-employee-table-data'],
    permissions: Object.values(permissions),
    minRecords: 1,
    maxShrink: 0.1,
  },
];
