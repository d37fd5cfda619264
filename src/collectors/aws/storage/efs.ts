import {
  DescribeFileSystemPolicyCommand,
  DescribeFileSystemsCommand,
  type DescribeFileSystemsResponse,
  EFSClient,
  type FileSystemDescription,
} from '@aws-sdk/client-efs';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import { CollectorError } from '../../error.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { opensToEveryone, policyOf, refusesPlain, type Statement } from '../resource-policy.ts';
import { keyArn } from './arn.ts';
import { named, refusedAs } from './errors.ts';

export const efsOf = ({ session }: Pick<Work, 'session'>): EFSClient =>
  session.client('elasticfilesystem', EFSClient);

const LISTING = 'elasticfilesystem:DescribeFileSystems';
const POLICY = 'elasticfilesystem:DescribeFileSystemPolicy';

const fileSystem = z.object({
  FileSystemId: z.string().min(1),
  FileSystemArn: z.string().min(1),
  CreationTime: moment,
  Encrypted: z.boolean(),
  KmsKeyId: z.string().optional(),
  Name: z.string().optional(),
  /** Only a file system of one zone has it. */
  AvailabilityZoneName: z.string().optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })),
});
type FileSystem = z.infer<typeof fileSystem>;

/** Every file system of the region, with what its policy says: one call each. */
export async function* collectFileSystems(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const records = ahead(fileSystems(work), 8, async (told) => {
    const policy = await policyOfFileSystem(work, told.FileSystemId);
    return policy === undefined ? undefined : recordOf(work, told, policy);
  });
  for await (const record of records) if (record !== undefined) yield record;
}

async function* fileSystems(work: Work): AsyncGenerator<FileSystem, void, undefined> {
  const fetch = (token: string | undefined) =>
    work.session.call(LISTING, (options) =>
      efsOf(work).send(new DescribeFileSystemsCommand({ MaxItems: 100, Marker: token }), options),
    );
  for await (const page of pages<DescribeFileSystemsResponse>(LISTING, fetch, ({ NextMarker }) => NextMarker))
    for (const entry of listed<FileSystemDescription>(LISTING, 'FileSystems', page.FileSystems))
      yield read(LISTING, `file system ${entry.FileSystemId ?? ''}`, fileSystem, entry);
}

/** Undefined: the file system was deleted since it was listed. Without a policy whoever reaches it on the network may mount it, in plain. */
async function policyOfFileSystem(work: Work, id: string): Promise<readonly Statement[] | undefined> {
  try {
    const answer = await work.session.call(POLICY, (options) =>
      named('PolicyNotFound', () =>
        efsOf(work).send(new DescribeFileSystemPolicyCommand({ FileSystemId: id }), options),
      ),
    );
    return answer === undefined ? [] : policyOf(answer.Policy ?? '', `${POLICY}: ${id}`);
  } catch (error) {
    if (refusedAs(error, 'FileSystemNotFound')) return undefined;
    if (!(error instanceof CollectorError)) throw error;
    throw new CollectorError(error.code, `file system ${id}: ${error.message}`, { cause: error.cause });
  }
}

const CLIENT_ACTIONS = [
  'elasticfilesystem:ClientMount',
  'elasticfilesystem:ClientRootAccess',
  'elasticfilesystem:ClientWrite',
];

/** By this a policy stays with those who reach the file system on its own network. */
const ON_ITS_NETWORK = ['elasticfilesystem:accessedviamounttarget'];

function recordOf(work: Work, told: FileSystem, policy: readonly Statement[]): DataStoreRecord {
  const { FileSystemId: id, FileSystemArn: resource } = told;
  return {
    ...common(work, 'data_store', id),
    resource,
    name: told.Name === undefined || told.Name === '' ? id : told.Name,
    type: 'file_system',
    region: work.region,
    encrypted: told.Encrypted,
    encryption_key: keyArn(work, work.region, told.KmsKeyId ?? ''),
    // The ARN does not tell a key of AWS's own from another: the key itself does.
    customer_key: told.Encrypted ? null : false,
    public: opensToEveryone(policy, ON_ITS_NETWORK),
    public_access_blocked: null,
    transport_encrypted: refusesPlain(policy, CLIENT_ACTIONS, [resource]),
    versioned: null,
    immutable: null,
    access_logged: null,
    deletion_protected: null,
    multi_zone: told.AvailabilityZoneName === undefined,
    created_at: told.CreationTime,
    tags: told.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
  };
}
