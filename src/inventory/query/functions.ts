/** SQL functions that a check may call: each gives the same answer for the same arguments on every machine. */
export const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'abs coalesce concat concat_ws format glob iif ifnull instr length like lower ltrim max min nullif printf replace ' +
    'round rtrim sign substr substring trim upper avg count group_concat string_agg sum total'
  ).split(' '),
);

/** Allowed in `reason` alone, and only as `date(x, 'unixepoch')`: that form never reads the clock. */
export const DAY_FUNCTIONS: ReadonlySet<string> = new Set(['date', 'datetime']);
