import {
  CredentialReportExpiredException,
  CredentialReportNotPresentException,
  CredentialReportNotReadyException,
  GenerateCredentialReportCommand,
  GetCredentialReportCommand,
  type GetCredentialReportResponse,
} from '@aws-sdk/client-iam';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectorError } from '../../error.ts';
import { parseReport, type ReportRow } from './report-csv.ts';
import { iamOf } from './client.ts';
import type { Session } from '../session.ts';

/** IAM's clock and ours may differ by this many seconds before a report counts as coming from the future. */
const SKEW = 300;
/** Looks at a report in the making; the wait doubles from one to the next. */
const LOOKS = 8;

export interface CredentialReport {
  /** Unix seconds: what the report says is as of then. IAM makes a new one at most every four hours. */
  readonly generatedAt: number;
  /** Absent where the report has no row of the root user. */
  readonly root: ReportRow | undefined;
  /** By ARN. */
  readonly users: ReadonlyMap<string, ReportRow>;
}

/**
 * Has IAM make a credential report, or take the one it has, and reads it. Rejects with `as-of` for one without a time or from the future,
 * `unavailable` when it is not made in time, `malformed` for anything unreadable in it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */
export async function credentialReport(
  session: Session,
  account: string,
  poll: number,
  now: () => number,
): Promise<CredentialReport> {
  const { Content, ReportFormat, GeneratedTime } = await fetchReport(session, poll);
  if (ReportFormat !== 'text/csv' || Content === undefined)
    throw new CollectorError(
      'malformed',
      `iam:GetCredentialReport: expected content as text/csv, got ${ReportFormat ?? 'none'}`,
    );
  const generatedAt = Math.floor((GeneratedTime?.getTime() ?? Number.NaN) / 1000);
  if (!Number.isSafeInteger(generatedAt))
    throw new CollectorError('as-of', 'iam:GetCredentialReport: the report tells no time of its generation');
  if (generatedAt > now() + SKEW)
    throw new CollectorError(
      'as-of',
      `iam:GetCredentialReport: the report was generated in the future (${new Date(generatedAt * 1000).toISOString()})`,
    );
  return { generatedAt, ...parseReport(Content, account) };
}

async function fetchReport(session: Session, poll: number): Promise<GetCredentialReportResponse> {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await pause(poll * 2 ** (look - 1), session);
    if (!(await generate(session))) continue;
    const report = await get(session);
    if (report !== undefined) return report;
  }
  throw new CollectorError('unavailable', `iam:GenerateCredentialReport: no report after ${LOOKS} looks`);
}

async function pause(seconds: number, session: Session): Promise<void> {
  await session.call('iam:GenerateCredentialReport', ({ abortSignal: signal }) =>
    sleep(seconds * 1000, undefined, { signal }),
  );
}

/** True when a report is ready. */
async function generate(session: Session): Promise<boolean> {
  const { State } = await session.call('iam:GenerateCredentialReport', (options) =>
    iamOf(session).send(new GenerateCredentialReportCommand({}), options),
  );
  if (State === 'COMPLETE') return true;
  if (State === 'STARTED' || State === 'INPROGRESS') return false;
  throw new CollectorError(
    'malformed',
    `iam:GenerateCredentialReport: expected STARTED, INPROGRESS or COMPLETE, got ${String(State)}`,
  );
}

/** Undefined while there is none to have: it is being made, or expired between two calls. */
async function get(session: Session): Promise<GetCredentialReportResponse | undefined> {
  return session.call('iam:GetCredentialReport', async (options) => {
    try {
      return await iamOf(session).send(new GetCredentialReportCommand({}), options);
    } catch (error) {
      if (
        error instanceof CredentialReportNotPresentException ||
        error instanceof CredentialReportNotReadyException ||
        error instanceof CredentialReportExpiredException
      )
        return undefined;
      throw error;
    }
  });
}
