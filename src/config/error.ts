/** One thing wrong with the configuration. `found` never shows a value that may be a secret. */
export interface ConfigIssue {
  /** Relative to the directory; `environment` for an ANNEXA_ variable; `.` for the directory itself. */
  readonly file: string;
  /** Counted from 1 within the file; 0 when the issue is about the file as a whole. */
  readonly document: number;
  /** Counted from 1; null when there is no place in the text. */
  readonly line: number | null;
  readonly column: number | null;
  /** `spec.datasets.people.schedule`, `spec.controls[3].control`; empty for the document as a whole. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

export type ConfigErrorCode = 'invalid';

/** The configuration can't be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode = 'invalid';
  readonly issues: readonly ConfigIssue[];

  constructor(directory: string, issues: readonly ConfigIssue[], options?: ErrorOptions) {
    const count = issues.length === 1 ? 'one error' : `${issues.length} errors`;
    super([`${directory}: ${count}`, ...issues.map((issue) => `  ${issueText(issue)}`)].join('\n'), options);
    this.issues = issues;
  }
}

/** One line: place, field, what was found, what was expected. */
export function issueText(issue: ConfigIssue): string {
  const line = issue.line === null ? '' : `:${issue.line}:${issue.column ?? 1}`;
  const document = issue.document === 0 ? '' : ` (document ${issue.document})`;
  const path = issue.path === '' ? '' : ` ${issue.path}:`;
  return `${issue.file}${line}${document}${path} found ${issue.found}; expected ${issue.expected}`;
}

/** Files in their order, then documents, then lines. */
export function sortIssues(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  return issues.toSorted(
    (a, b) =>
      compare(a.file, b.file) ||
      a.document - b.document ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compare(a.path, b.path),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** An issue without a place in a text. */
export function wholeIssue(
  file: string,
  path: string,
  found: string,
  expected: string,
  document = 0,
): ConfigIssue {
  return { file, document, line: null, column: null, path, found, expected };
}
