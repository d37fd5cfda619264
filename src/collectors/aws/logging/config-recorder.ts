import {
  ConfigServiceClient,
  DescribeConfigurationRecordersCommand,
  DescribeConfigurationRecorderStatusCommand,
  DescribeDeliveryChannelStatusCommand,
} from '@aws-sdk/client-config-service';
import { z } from 'zod';
import type { DetectorRecord } from '../../../inventory/kinds/detector.ts';
import { CollectorError } from '../../error.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';

const recorderSchema = z.object({
  name: z.string().min(1),
  arn: z.string().optional(),
  /** Set for the recorder that another service of AWS keeps for itself. */
  servicePrincipal: z.string().optional(),
  recordingGroup: z.object({
    allSupported: z.boolean(),
    includeGlobalResourceTypes: z.boolean(),
    exclusionByResourceTypes: z.object({ resourceTypes: z.array(z.string()).optional() }).optional(),
    recordingStrategy: z.object({ useOnly: z.string() }).optional(),
  }),
});

const statusSchema = z.object({
  name: z.string().min(1),
  recording: z.boolean(),
  lastStatus: z.string().optional(),
  servicePrincipal: z.string().optional(),
});

const channelSchema = z.object({
  configHistoryDeliveryInfo: z
    .object({ lastStatus: z.string().optional(), lastSuccessfulTime: moment.optional() })
    .optional(),
  configStreamDeliveryInfo: z.object({ lastStatus: z.string().optional() }).optional(),
});

export const configRecorder: AwsWorker = {
  collect,
  probes: {
    'config:DescribeConfigurationRecorders': ({ session }) =>
      clientOf(session).send(new DescribeConfigurationRecordersCommand({})),
    'config:DescribeConfigurationRecorderStatus': ({ session }) =>
      clientOf(session).send(new DescribeConfigurationRecorderStatusCommand({})),
    'config:DescribeDeliveryChannelStatus': ({ session }) =>
      clientOf(session).send(new DescribeDeliveryChannelStatusCommand({})),
  },
};

const clientOf = (session: Session): ConfigServiceClient => session.client('config', ConfigServiceClient);

/** The region's own configuration recorder, or that there is none. Recorders that services keep for themselves are left out. */
async function* collect(work: Work): AsyncGenerator<DetectorRecord, void, undefined> {
  const { session, region } = work;
  const [recorder, ...more] = await recorders(session);
  if (more.length > 0)
    throw new CollectorError(
      'malformed',
      'config:DescribeConfigurationRecorders: two recorders in one region',
    );
  const statuses = await recorderStatuses(session);
  const delivery = deliveryOf(await channels(session));
  const status = statuses.find(({ name }) => name === recorder?.name);
  if (recorder !== undefined && status === undefined)
    throw new CollectorError(
      'incomplete',
      `config:DescribeConfigurationRecorderStatus: nothing about ${recorder.name}`,
    );
  const failed = failedAmong([status?.lastStatus, ...delivery.outcomes]);
  yield {
    ...common(work, 'detector', 'config-recorder'),
    type: 'configuration',
    name: 'AWS Config',
    region,
    resource: recorder?.arn ?? recorder?.name ?? '',
    enabled: status?.recording ?? false,
    complete: recorder === undefined ? false : recordsEverything(recorder),
    last_delivered_at: delivery.at,
    delivery_failed: failed,
    features:
      recorder === undefined
        ? []
        : [{ name: 'global-types', enabled: recorder.recordingGroup.includeGlobalResourceTypes }],
  };
}

/** Null where nothing is told that was done: pending, not applicable, or a word that isn't known here. Letters come in either case. */
function failedAmong(outcomes: readonly (string | undefined)[]): boolean | null {
  const words = new Set(outcomes.map((outcome) => outcome?.toLowerCase()));
  if (words.has('failure')) return true;
  return words.has('success') ? false : null;
}

/**
 * Types that belong to no region are recorded in one of them at most, and in newer regions can't be: they don't count here.
 * https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
 */
function recordsEverything({ recordingGroup: group }: z.output<typeof recorderSchema>): boolean {
  if (group.allSupported) return true;
  const excluding = group.recordingStrategy?.useOnly === 'EXCLUSION_BY_RESOURCE_TYPES';
  return excluding && group.exclusionByResourceTypes?.resourceTypes?.length === 0;
}

async function recorders(session: Session): Promise<readonly z.output<typeof recorderSchema>[]> {
  const operation = 'config:DescribeConfigurationRecorders';
  const { ConfigurationRecorders } = await session.call(operation, (options) =>
    clientOf(session).send(new DescribeConfigurationRecordersCommand({}), options),
  );
  return listed(operation, 'ConfigurationRecorders', ConfigurationRecorders)
    .filter(({ servicePrincipal }) => servicePrincipal === undefined)
    .map((recorder) => read(operation, recorder.name ?? 'a recorder', recorderSchema, recorder));
}

async function recorderStatuses(session: Session): Promise<readonly z.output<typeof statusSchema>[]> {
  const operation = 'config:DescribeConfigurationRecorderStatus';
  const { ConfigurationRecordersStatus } = await session.call(operation, (options) =>
    clientOf(session).send(new DescribeConfigurationRecorderStatusCommand({}), options),
  );
  return listed(operation, 'ConfigurationRecordersStatus', ConfigurationRecordersStatus)
    .filter(({ servicePrincipal }) => servicePrincipal === undefined)
    .map((status) => read(operation, status.name ?? 'a recorder', statusSchema, status));
}

async function channels(session: Session): Promise<readonly z.output<typeof channelSchema>[]> {
  const operation = 'config:DescribeDeliveryChannelStatus';
  const { DeliveryChannelsStatus } = await session.call(operation, (options) =>
    clientOf(session).send(new DescribeDeliveryChannelStatusCommand({}), options),
  );
  return listed(operation, 'DeliveryChannelsStatus', DeliveryChannelsStatus).map((channel) =>
    read(operation, channel.name ?? 'a delivery channel', channelSchema, channel),
  );
}

/** What became of the latest deliveries, and when a history file last arrived. */
function deliveryOf(all: readonly z.output<typeof channelSchema>[]) {
  const times = all.map(({ configHistoryDeliveryInfo: history }) => history?.lastSuccessfulTime ?? 0);
  const latest = Math.max(0, ...times);
  return {
    at: latest === 0 ? null : latest,
    outcomes: all.flatMap(({ configHistoryDeliveryInfo: history, configStreamDeliveryInfo: stream }) => [
      history?.lastStatus,
      stream?.lastStatus,
    ]),
  };
}
