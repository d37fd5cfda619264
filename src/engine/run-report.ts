import type { Logger } from 'pino';
import type { Trouble } from './conditions.ts';
import type { RunResult } from './run.ts';

/** What conditions call a collector. */
export function runSubject(collector: string): string {
  return `collector ${collector}`;
}

/** A line for each dataset and scope, in the log. */
export function tellRun(logger: Pick<Logger, 'info' | 'warn'>, { collector, results }: RunResult): void {
  for (const { dataset, scope, failure, snapshot, records, seen } of results) {
    const fields = {
      event: 'collected',
      collector,
      dataset,
      scope,
      records,
      entry: snapshot?.index,
      leaf: snapshot?.leafHash,
      apiCalls: seen.apiCalls,
      throttled: seen.throttled,
    };
    if (failure === null) logger.info(fields, 'collected');
    else
      logger.warn(
        { ...fields, event: 'collection_failed', reason: failure.code, detail: failure.detail },
        'collection failed',
      );
  }
}

/** What kept the run from its source, when that lies between the two. */
export function troubleIn({ collector, results }: RunResult): Trouble | undefined {
  for (const { failure } of results)
    if (failure?.network !== undefined)
      return { condition: failure.network, detail: `${runSubject(collector)}: ${failure.detail}` };
  return undefined;
}
