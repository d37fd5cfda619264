/** What `annexa doctor` found of one thing. */
export interface Finding {
  readonly subject: string;
  readonly state: 'ok' | 'missing' | 'unknown' | 'failed';
  readonly detail: string;
}
