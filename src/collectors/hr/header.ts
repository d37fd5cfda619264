import { CollectorError } from '../error.ts';
import type { CsvConfig } from './config.ts';

/** Where in a row each mapped column stands; undefined for one that isn't mapped. */
export interface Layout {
  readonly width: number;
  readonly personId: number;
  readonly workEmail: number;
  readonly logins: number | undefined;
  readonly status: number | undefined;
  readonly start: number | undefined;
  readonly lastDay: number | undefined;
  readonly type: number | undefined;
  readonly manager: number | undefined;
  readonly department: number | undefined;
  readonly asOf: number | undefined;
}

/** Finds the mapped columns in the header. Throws (`configuration`) when one is not there, or there twice. */
export function layoutOf(header: readonly string[], config: CsvConfig): Layout {
  const names = header.map((name) => name.trim());
  const find = (name: string): number => {
    const count = names.filter((other) => other === name).length;
    if (count !== 1) {
      const found = count === 0 ? 'is not there' : `is there ${count} times`;
      throw new CollectorError('configuration', `the header: column ${name} ${found}; expected once`);
    }
    return names.indexOf(name);
  };
  const optional = (name: string | undefined) => (name === undefined ? undefined : find(name));
  const { columns, asOf } = config;
  return {
    width: names.length,
    personId: find(columns.personId),
    workEmail: find(columns.workEmail),
    logins: optional(columns.logins?.column),
    status: optional(columns.status),
    start: optional(columns.start),
    lastDay: optional(columns.lastDay),
    type: optional(columns.type),
    manager: optional(columns.manager),
    department: optional(columns.department),
    asOf: optional(asOf !== undefined && 'column' in asOf ? asOf.column : undefined),
  };
}
