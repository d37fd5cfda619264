import {
  GetDetectorCommand,
  GetFindingsCommand,
  GuardDutyClient,
  ListDetectorsCommand,
  ListFindingsCommand,
} from '@aws-sdk/client-guardduty';
import { z } from 'zod';
import type { AlertRecord } from '../../../inventory/kinds/alert.ts';
import type { DetectorRecord } from '../../../inventory/kinds/detector.ts';
import { CollectorError } from '../../error.ts';
import { ahead } from '../../ahead.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { findingResource, resourceOf } from './resources.ts';

const detectorSchema = z.object({
  Status: z.enum(['ENABLED', 'DISABLED']),
  Features: z
    .array(z.object({ Name: z.string().min(1), Status: z.enum(['ENABLED', 'DISABLED']) }))
    .optional(),
});

const when = z.iso.datetime({ offset: true }).transform((text) => Math.floor(Date.parse(text) / 1000));

const findingSchema = z.object({
  Id: z.string().min(1),
  AccountId: z.string(),
  Type: z.string().min(1),
  /** 1 to 10; 0 is reserved. */
  Severity: z.number().min(0).max(10),
  CreatedAt: when,
  UpdatedAt: when,
  Service: z.object({
    Archived: z.boolean(),
    EventFirstSeen: when.optional(),
    EventLastSeen: when.optional(),
  }),
  Resource: findingResource,
});
type Finding = z.output<typeof findingSchema>;

export const guardduty: AwsWorker = {
  collect,
  probes: {
    'guardduty:ListDetectors': ({ session }) => clientOf(session).send(new ListDetectorsCommand({})),
    'guardduty:GetDetector': (work) =>
      ofDetector(work, (client, DetectorId) => client.send(new GetDetectorCommand({ DetectorId }))),
    'guardduty:ListFindings': (work) =>
      ofDetector(work, (client, DetectorId) =>
        client.send(new ListFindingsCommand({ DetectorId, MaxResults: 1 })),
      ),
    'guardduty:GetFindings': (work) =>
      ofDetector(work, (client, DetectorId) =>
        client.send(new GetFindingsCommand({ DetectorId, FindingIds: ['0'.repeat(32)] })),
      ),
  },
};

const clientOf = (session: Session): GuardDutyClient => session.client('guardduty', GuardDutyClient);

/** Where there is no detector, nothing is asked of one either. */
async function ofDetector(
  { session }: Work,
  ask: (client: GuardDutyClient, detector: string) => Promise<unknown>,
): Promise<void> {
  const { DetectorIds = [] } = await clientOf(session).send(new ListDetectorsCommand({}));
  const [detector] = DetectorIds;
  if (detector !== undefined) await ask(clientOf(session), detector);
}

/** The region's detector, on, off or missing, and all that it found: GuardDuty itself forgets after 90 days. */
async function* collect(work: Work): AsyncGenerator<DetectorRecord | AlertRecord, void, undefined> {
  const detector = await onlyDetector(work.session);
  yield await detectorRecord(work, detector);
  if (detector === undefined) return;
  const batches = ahead(findingIds(work, detector), 4, (ids) => findings(work, detector, ids));
  for await (const batch of batches) for (const finding of batch) yield alertRecord(work, finding);
}

/** A region has one at most. */
async function onlyDetector(session: Session): Promise<string | undefined> {
  const operation = 'guardduty:ListDetectors';
  const found: string[] = [];
  const fetch = (NextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(new ListDetectorsCommand({ MaxResults: 50, NextToken }), options),
    );
  for await (const page of pages(operation, fetch, ({ NextToken }) => NextToken))
    found.push(...listed(operation, 'DetectorIds', page.DetectorIds));
  if (found.length > 1) throw new CollectorError('malformed', `${operation}: two detectors in one region`);
  return found[0];
}

async function detectorRecord(work: Work, id: string | undefined): Promise<DetectorRecord> {
  const { session, region, account } = work;
  const record = {
    ...common(work, 'detector', 'guardduty'),
    type: 'threat',
    name: 'Amazon GuardDuty',
    region,
    last_delivered_at: null,
    delivery_failed: null,
  } as const;
  if (id === undefined) return { ...record, resource: '', enabled: false, complete: false, features: [] };
  const operation = 'guardduty:GetDetector';
  const answer = await session.call(operation, (options) =>
    clientOf(session).send(new GetDetectorCommand({ DetectorId: id }), options),
  );
  const { Status, Features } = read(operation, id, detectorSchema, answer);
  const features = (Features ?? []).map(({ Name, Status: status }) => ({
    name: Name,
    enabled: status === 'ENABLED',
  }));
  const partition = session.caller.split(':')[1] ?? 'aws';
  return {
    ...record,
    resource: `arn:${partition}:guardduty:${region}:${account.id}:detector/${id}`,
    enabled: Status === 'ENABLED',
    complete: features.length === 0 ? null : Status === 'ENABLED' && watchesAll(features),
    features,
  };
}

/** Of the two ways to watch what runs in Kubernetes, the general one includes the other, and only one can be on. */
function watchesAll(features: DetectorRecord['features']): boolean {
  const general = features.some(({ name, enabled }) => name === 'RUNTIME_MONITORING' && enabled);
  return features.every(({ name, enabled }) => enabled || (general && name === 'EKS_RUNTIME_MONITORING'));
}

/**
 * A page of ids at a time, the most that may be asked about at once. An administrator of many accounts is shown theirs, too: each is
 * collected in its own scope.
 */
async function* findingIds(
  work: Work,
  DetectorId: string,
): AsyncGenerator<readonly string[], void, undefined> {
  const { session, account } = work;
  const operation = 'guardduty:ListFindings';
  const fetch = (NextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(
        new ListFindingsCommand({
          DetectorId,
          FindingCriteria: { Criterion: { accountId: { Equals: [account.id] } } },
          MaxResults: 50,
          NextToken,
        }),
        options,
      ),
    );
  for await (const page of pages(operation, fetch, ({ NextToken }) => NextToken)) {
    const ids = listed(operation, 'FindingIds', page.FindingIds);
    if (ids.length > 0) yield ids;
  }
}

/** Exactly those that were asked for. */
async function findings(work: Work, DetectorId: string, ids: readonly string[]): Promise<readonly Finding[]> {
  const { session, account } = work;
  const operation = 'guardduty:GetFindings';
  const answer = await session.call(operation, (options) =>
    clientOf(session).send(new GetFindingsCommand({ DetectorId, FindingIds: [...ids] }), options),
  );
  const asked = new Set(ids);
  const found = listed(operation, 'Findings', answer.Findings).map((finding) => {
    const known = read(operation, finding.Id ?? 'a finding', findingSchema, finding);
    if (!asked.delete(known.Id) || known.AccountId !== account.id)
      throw new CollectorError('malformed', `${operation}: ${known.Id} was not asked for`);
    return known;
  });
  if (asked.size > 0)
    throw new CollectorError('incomplete', `${operation}: ${asked.size} of ${ids.length} are missing`);
  return found;
}

function alertRecord(work: Work, finding: Finding): AlertRecord {
  const { Service: service, Resource: resource } = finding;
  return {
    ...common(work, 'alert', `guardduty/${finding.Id}`),
    type: 'threat',
    name: finding.Type,
    region: work.region,
    resource: resourceOf(resource, work),
    resource_type: resource.ResourceType ?? '',
    severity: severityOf(finding.Severity),
    // Archived by a person or by a suppression rule: GuardDuty does not say which.
    status: service.Archived ? 'suppressed' : 'open',
    first_seen_at: service.EventFirstSeen ?? finding.CreatedAt,
    last_seen_at: service.EventLastSeen ?? finding.UpdatedAt,
    public: null,
    principal: '',
  };
}

/** https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html */
function severityOf(value: number): AlertRecord['severity'] {
  if (value >= 9) return 'critical';
  if (value >= 7) return 'high';
  return value >= 4 ? 'medium' : 'low';
}
