import { describe, expect, test } from 'vitest';
import { verdictsOf } from '../collectors/aws/backup-verdicts.ts';
import { collectAws } from '../collectors/aws-harness.ts';
import { type Amendment, type Asking, startAmended } from './amended.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';
import { buckets, fillStorage, keyArn, type Planted, REGION } from './fill-storage.ts';

const xml = (answer: string, status = 200): Amendment => ({ status, type: 'text/xml', answer });
const json = (answer: object): Amendment => ({
  type: 'application/x-amz-json-1.1',
  answer: JSON.stringify(answer),
});

/** What the servers lack or get wrong, each only where it does. */
function amendments(peer: Emulator, open: () => string) {
  return ({ method, path, target, body }: Asking): Amendment | undefined => {
    const form = new URLSearchParams(body);
    const action = form.get('Action');
    // Neither knows these two settings of EBS, nor who may restore a snapshot when it lists them; moto lists those of others as own.
    if (action === 'GetEbsDefaultKmsKeyId')
      return xml(
        '<GetEbsDefaultKmsKeyIdResponse><kmsKeyId>alias/aws/ebs</kmsKeyId></GetEbsDefaultKmsKeyIdResponse>',
      );
    if (action === 'GetSnapshotBlockPublicAccessState')
      return xml(
        '<GetSnapshotBlockPublicAccessStateResponse><state>unblocked</state></GetSnapshotBlockPublicAccessStateResponse>',
      );
    if (action === 'DescribeSnapshots') {
      if (form.has('RestorableBy.1')) form.set('SnapshotId.1', open());
      for (const key of ['Owner.1', 'RestorableBy.1', 'MaxResults']) form.delete(key);
      form.set('Filter.1.Name', 'owner-id');
      form.set('Filter.1.Value.1', peer.account);
      return { body: form.toString() };
    }
    if (peer.name === 'moto') {
      if (method === 'GET' && path.startsWith('/?max-buckets')) return { told: withRegions };
      if (target === 'TrentService.GetKeyRotationStatus') return { told: withPeriod };
      return undefined;
    }
    if (action === 'GetEbsEncryptionByDefault')
      return xml(
        '<GetEbsEncryptionByDefaultResponse><ebsEncryptionByDefault>true</ebsEncryptionByDefault></GetEbsEncryptionByDefaultResponse>',
      );
    if (path.startsWith('/v20180820/configuration/publicAccessBlock'))
      return xml('<Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error>', 404);
    if (target === 'TrentService.ListKeyRotations') return json({ Rotations: [], Truncated: false });
    return undefined;
  };
}

/** moto tells no region of a bucket when it lists them. */
const withRegions = (answer: string): string =>
  answer.replaceAll(/<Name>([^<]+)<\/Name>/g, (whole, name: string) => {
    const region = buckets[name]?.region ?? REGION;
    return `${whole}<BucketRegion>${region}</BucketRegion>`;
  });

/** Nor how often it rotates a key. */
const withPeriod = (answer: string): string =>
  answer.replace('"KeyRotationEnabled": true', '"KeyRotationEnabled": true, "RotationPeriodInDays": 365');

const ONLY = ['s3-buckets', 'ebs-volumes', 'ebs-snapshots', 'efs-file-systems', 'kms-keys'];

/** A server filled with what is planned, and a way to it by which its gaps are closed. */
async function filled(start: () => Promise<Emulator>) {
  const peer = await start();
  let open = '';
  const amended = await startAmended(
    peer.endpoint,
    amendments(peer, () => open),
  );
  const planted = await fillStorage(peer);
  open = planted.snapshots.plain;
  return {
    peer,
    planted,
    endpoint: amended.endpoint,
    async [Symbol.asyncDispose]() {
      await amended[Symbol.asyncDispose]();
      await peer[Symbol.asyncDispose]();
    },
  };
}

async function recordsOf({ endpoint, peer }: { endpoint: string; peer: Emulator }, dataset: string) {
  const scope = dataset === 's3-buckets' ? peer.account : `${peer.account}:${REGION}`;
  const { records } = await collectAws(endpoint, peer.account, dataset, {
    scope,
    settings: { region: REGION },
  });
  return Object.fromEntries(records.map((record) => [record.id.slice(`aws:${scope}:`.length), record]));
}

/**
 * Of each bucket what its plan comes to. The account has no block, so that without a lock versioning is not asked. moto's buckets are not encrypted
 * unless told to be.
 */
function plannedBuckets({ account, name: peer }: Emulator, { keys }: Planted) {
  return Object.fromEntries(
    Object.entries(buckets).map(([name, plan]) => [
      name,
      {
        resource: `arn:aws:s3:::${name}`,
        region: plan.region,
        encrypted: plan.encryption !== undefined || peer === 'ministack',
        encryption_key: plan.encryption === 'own' ? keyArn(account, keys.data) : '',
        public: !plan.blocked,
        public_access_blocked: plan.blocked,
        transport_encrypted: plan.policy?.(name).includes('SecureTransport') === true,
        versioned: plan.lock === undefined ? null : true,
        immutable: plan.lock === 'COMPLIANCE',
        access_logged: plan.logged,
        tags: Object.entries(plan.tags ?? {}).map(([key, value]) => ({ key, value })),
      },
    ]),
  );
}

describe.each<{ name: string; start: () => Promise<Emulator> }>([
  { name: 'moto', start: startMoto },
  { name: 'ministack', start: startMinistack },
])('$name', ({ start }) => {
  test('every record and every verdict is what was planted', async () => {
    await using server = await filled(start);
    const { peer, planted } = server;
    const { keys, volumes, snapshots, fileSystems } = planted;
    const data = keyArn(peer.account, keys.data);
    // ministack forgets the key of a volume.
    const volumeKey = peer.name === 'moto' ? data : '';

    const found = await recordsOf(server, 's3-buckets');
    expect(found['bucket']).toMatchObject({ type: 'bucket', public_access_blocked: false });
    expect(Object.keys(found).sort()).toEqual(['bucket', ...Object.keys(buckets)].sort());
    expect(found).toMatchObject(plannedBuckets(peer, planted));

    const ec2 = `arn:aws:ec2:${REGION}:${peer.account}:`;
    expect(await recordsOf(server, 'ebs-volumes')).toMatchObject({
      volume: { encrypted: true, encryption_key: '', public_access_blocked: false },
      [volumes.good]: {
        resource: `${ec2}volume/${volumes.good}`,
        name: 'disk',
        encrypted: true,
        encryption_key: volumeKey,
      },
      [volumes.plain]: { name: volumes.plain, encrypted: false, encryption_key: '', customer_key: false },
    });
    expect(await recordsOf(server, 'ebs-snapshots')).toMatchObject({
      [snapshots.good]: {
        resource: `${ec2}volume/${volumes.good}`,
        usable: true,
        encrypted: true,
        public: false,
      },
      [snapshots.plain]: { encrypted: false, public: true },
    });
    expect(await recordsOf(server, 'efs-file-systems')).toMatchObject({
      [fileSystems.good]: {
        name: 'good',
        encrypted: true,
        encryption_key: data,
        transport_encrypted: true,
        public: false,
      },
      [fileSystems.plain]: {
        encrypted: false,
        encryption_key: '',
        transport_encrypted: false,
        public: false,
      },
      [fileSystems.open]: { transport_encrypted: false, public: true },
    });
    const own = {
      managed_by: 'organisation',
      state: 'enabled',
      usage: 'encryption',
      origin: 'vendor',
      rotatable: true,
    };
    const account = { type: 'account', account: peer.account, may_decrypt: true, may_administer: true };
    expect(await recordsOf(server, 'kms-keys')).toMatchObject({
      [keys.data]: {
        ...own,
        name: 'alias/data',
        rotation_enabled: true,
        rotation_period_days: 365,
        principals: [account],
      },
      [keys.slow]: { ...own, name: keys.slow, rotation_enabled: false },
      [keys.signing]: { ...own, usage: 'signing', rotatable: false },
      [keys.going]: { ...own, state: 'pending_deletion', deletion_at: expect.any(Number) },
      [keys.disabled]: { ...own, state: 'disabled' },
      [keys.open]: { principals: [{ type: 'everyone', may_decrypt: true }] },
    });

    const place = { endpoint: server.endpoint, account: peer.account, regions: [REGION] };
    const expected = plannedVerdicts(peer, planted);
    const verdicts = await verdictsOf(place, ONLY, Object.keys(expected));
    expect(
      Object.fromEntries(
        Object.entries(verdicts).map(([name, { outcome, failing, unknown }]) => [
          name,
          { outcome, failing, unknown },
        ]),
      ),
    ).toEqual(expected);
  });
});

function plannedVerdicts(peer: Emulator, { keys, volumes, snapshots, fileSystems }: Planted) {
  const plain = Object.keys(buckets).filter((name) => peer.name === 'moto' && !buckets[name]?.encryption);
  const here = (...ids: string[]) => ids.map((id) => `${REGION}:${id}`);
  const fails = (failing: readonly string[], unknown: readonly string[] = []) => ({
    outcome: 'fail',
    failing: [...failing].sort(),
    unknown: [...unknown].sort(),
  });
  const none = { failing: [], unknown: [] };
  return {
    'storage-encrypted': fails([...plain, ...here(volumes.plain, fileSystems.plain)]),
    'storage-customer-key': { outcome: 'pass', ...none },
    'storage-default-encrypted': { outcome: 'pass', ...none },
    'storage-default-not-public': fails(['bucket', ...here('volume')]),
    'storage-not-public': fails(['open-site', ...here(fileSystems.open)]),
    'bucket-public-access-blocked': fails(['open-site']),
    'bucket-transport-encrypted': fails(['open-site', 'shut-site', 'loose-lock', 'governed', 'access-logs']),
    'bucket-access-logged': fails(['north-notes']),
    'bucket-retention-lock': fails(['loose-lock']),
    'file-system-transport-encrypted': fails(here(fileSystems.plain, fileSystems.open)),
    'snapshot-not-public': fails(here(snapshots.plain)),
    'snapshot-encrypted': fails(here(snapshots.plain)),
    'key-rotation': fails(here(keys.slow)),
    'key-age': { outcome: 'pass', ...none },
    'key-material-expiry': { outcome: 'not_applicable', ...none },
    'key-needed-kept': { outcome: 'pass', ...none },
    'key-not-for-everyone': fails(here(keys.open)),
  };
}
