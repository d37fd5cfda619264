/** A cell as the register has it. Numbers and booleans come from a sheet alone; a list from YAML alone. */
export type Cell = string | number | boolean | readonly Cell[];

/** One row, item or file of a register. */
export interface Entry {
  /** For messages: `row 12`, `file policies/access.md`. */
  readonly place: string;
  /** Where it lies in the register's directory, without what its name ends with; undefined elsewhere. */
  readonly path?: string;
  /** An empty cell is ''. Undefined: the entry has no such column. */
  cell(column: string): Cell | undefined;
}
