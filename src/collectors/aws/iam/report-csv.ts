import { parse } from 'csv-parse/sync';
import { CollectorError } from '../../error.ts';

/** When something was last used, as far as IAM can tell. */
export type Use =
  | { readonly used: true; readonly at: number }
  /** `tracked`: IAM has watched for as long as the credential exists, so it was never used; else at most before IAM began to watch. */
  | { readonly used: false; readonly tracked: boolean }
  /** The report does not say. */
  | { readonly used: null };

export interface ReportKey {
  readonly slot: 1 | 2;
  readonly active: boolean;
  /** Creation of the key; null: not told. */
  readonly rotatedAt: number | null;
  readonly use: Use;
  readonly service: string;
}

export interface ReportRow {
  readonly arn: string;
  readonly createdAt: number;
  /** Null: not told, as for some root users. */
  readonly password: boolean | null;
  readonly passwordChangedAt: number | null;
  readonly passwordUse: Use;
  readonly mfa: boolean;
  readonly keys: readonly ReportKey[];
}

const COLUMNS = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_service',
] as const;
type Column = (typeof COLUMNS)[number];

const ROOT = '<root_account>';
/** Filled when a user has more credentials than the report has columns for. */
const MORE = 'additional_credentials_info';
const NOTHING = new Set(['', 'N/A', 'not_supported', 'no_information']);
/** Since when IAM tells the last use of passwords and of access keys (User Guide, "Understanding the report format"). */
const PASSWORDS_WATCHED = Date.UTC(2014, 9, 20) / 1000;
const KEYS_WATCHED = Date.UTC(2015, 3, 22) / 1000;

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/;

/** One row, read column by column; every reader throws `malformed`, naming user and column. */
class Row {
  readonly #cells: readonly string[];
  readonly #index: ReadonlyMap<string, number>;

  constructor(cells: readonly string[], index: ReadonlyMap<string, number>) {
    this.#cells = cells;
    this.#index = index;
  }

  text(column: Column | typeof MORE): string {
    return this.#cells[this.#index.get(column) ?? -1] ?? '';
  }

  odd(column: Column, expected: string): CollectorError {
    const value = JSON.stringify(this.text(column).slice(0, 80));
    return new CollectorError(
      'malformed',
      `credential report: user ${this.text('user')}, column ${column}: expected ${expected}, got ${value}`,
    );
  }

  flag(column: Column): boolean {
    const value = this.text(column).toLowerCase();
    if (value === 'true') return true;
    if (value === 'false') return false;
    throw this.odd(column, 'true or false');
  }

  /** Null for the report's words for "none". */
  instant(column: Column): number | null {
    const value = this.text(column);
    if (NOTHING.has(value)) return null;
    const at = INSTANT.test(value) ? Math.floor(Date.parse(value) / 1000) : Number.NaN;
    if (Number.isNaN(at)) throw this.odd(column, 'an instant, N/A, no_information or not_supported');
    return at;
  }
}

/** The rows of a report of `account`. Throws `malformed`; `incomplete` when a user has more credentials than are shown. */
export function parseReport(
  content: Uint8Array,
  account: string,
): { readonly root: ReportRow | undefined; readonly users: ReadonlyMap<string, ReportRow> } {
  let index: ReadonlyMap<string, number> | undefined;
  let root: ReportRow | undefined;
  const users = new Map<string, ReportRow>();
  eachRow(content, (cells) => {
    if (index === undefined) {
      index = indexOf(cells);
      return;
    }
    const row = new Row(cells, index);
    const isRoot = row.text('user') === ROOT;
    const read = readRow(row, account, isRoot);
    if (users.has(read.arn) || root?.arn === read.arn) throw row.odd('arn', 'each user once');
    if (isRoot) root = read;
    else users.set(read.arn, read);
  });
  if (index === undefined) throw new CollectorError('malformed', 'credential report: it is empty');
  return { root, users };
}

function indexOf(header: readonly string[]): ReadonlyMap<string, number> {
  const index = new Map(header.map((column, position) => [column, position]));
  const missing = COLUMNS.filter((column) => !index.has(column));
  if (missing.length === 0 && index.size === header.length) return index;
  const which = missing.join(', ') || 'a column';
  throw new CollectorError('malformed', `credential report: header: missing or repeated: ${which}`);
}

/** Row by row: a report of 5,000 users is read without keeping its cells. */
function eachRow(content: Uint8Array, take: (cells: readonly string[]) => void): void {
  try {
    parse(new TextDecoder('utf-8', { fatal: true }).decode(content), {
      onRecord: (cells: string[]) => {
        take(cells);
        return undefined;
      },
    });
  } catch (error) {
    if (error instanceof CollectorError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CollectorError('malformed', `credential report: not CSV of one width: ${why}`, {
      cause: error,
    });
  }
}

function readRow(row: Row, account: string, isRoot: boolean): ReportRow {
  const arn = row.text('arn');
  const expected = isRoot ? `:iam::${account}:root` : `:iam::${account}:user/`;
  if (!arn.startsWith('arn:aws') || !(isRoot ? arn.endsWith(expected) : arn.includes(expected)))
    throw row.odd('arn', `an ARN with ${expected}`);
  const more = row.text(MORE);
  if (!NOTHING.has(more))
    throw new CollectorError(
      'incomplete',
      `credential report: user ${row.text('user')} has more credentials than it shows: ${more}`,
    );
  const createdAt = row.instant('user_creation_time');
  if (createdAt === null) throw row.odd('user_creation_time', 'an instant');
  const password =
    isRoot && row.text('password_enabled') === 'not_supported' ? null : row.flag('password_enabled');
  return {
    arn,
    createdAt,
    password,
    passwordChangedAt: row.instant('password_last_changed'),
    passwordUse: passwordUse(row, createdAt),
    mfa: row.flag('mfa_active'),
    keys: ([1, 2] as const).flatMap((slot) => readKey(row, slot)),
  };
}

/** `no_information`: never used since IAM watches. `N/A` and `not_supported`: there is no password, or the report can't say. */
function passwordUse(row: Row, createdAt: number): Use {
  const at = row.instant('password_last_used');
  if (at !== null) return { used: true, at };
  if (row.text('password_last_used') === 'no_information')
    return { used: false, tracked: createdAt >= PASSWORDS_WATCHED };
  return { used: null };
}

/** A key is there when it is active or has a date. A date of use that is `N/A` then means: never since IAM watches. */
function readKey(row: Row, slot: 1 | 2): ReportKey[] {
  const active = row.flag(`access_key_${slot}_active`);
  const rotatedAt = row.instant(`access_key_${slot}_last_rotated`);
  const at = row.instant(`access_key_${slot}_last_used_date`);
  if (!active && rotatedAt === null && at === null) return [];
  const use: Use =
    at === null
      ? { used: false, tracked: rotatedAt !== null && rotatedAt >= KEYS_WATCHED }
      : { used: true, at };
  const service = row.text(`access_key_${slot}_last_used_service`);
  return [{ slot, active, rotatedAt, use, service: NOTHING.has(service) ? '' : service }];
}
