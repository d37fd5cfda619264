import type { BackupJob, RecoveryPointByBackupVault, RestoreJobsListMember } from '@aws-sdk/client-backup';
import { arnOf, type Where } from './estate/backup.ts';

export const HOME: Where = { account: '123456789012', region: 'eu-west-1' };
export const AWAY: Where = { ...HOME, region: 'eu-central-1' };

/** Checks by which a resource is judged, and the letter that stands for each. */
export const JUDGES = {
  C: 'backup-coverage',
  R: 'backup-recovery-point',
  H: 'backup-history',
  E: 'backup-kept-elsewhere',
  T: 'backup-restore-tested',
  P: 'backup-point-in-time',
} as const;

export type Service = 'fs' | 'vol' | 'i' | 'bucket' | 'db' | 'cluster' | 'table';
/** Hours ago; negative: still to come. */
type Point = readonly [hours: number, own?: Partial<RecoveryPointByBackupVault>];
type Job = readonly [hours: number, own?: Partial<BackupJob>];
type Restore = readonly [days: number, own?: Partial<RestoreJobsListMember>];

export interface Planted {
  readonly service: Service;
  readonly name: string;
  /** Letters of the checks that it must fail. */
  readonly fails: string;
  /** Hours; 400 days unless given. */
  readonly age?: number;
  /** Of the tag `backup`. */
  readonly tag?: string;
  readonly points?: readonly Point[];
  /** Hours since the newest copy in the other region. */
  readonly copy?: number;
  readonly jobs?: readonly Job[];
  readonly restores?: readonly Restore[];
  /** Hours since the latest point in time that its own service restores to, and the days that it keeps. */
  readonly restorable?: readonly [hours: number, days: number];
  /** Listed no more, or on its way out. */
  readonly gone?: boolean;
}

const MONTH = 35 * 24;
/** Fresh, old, copied and restored. */
const good = { points: [[6], [MONTH]], copy: 6, restores: [[20]] } as const;
const restored = { restores: [[20]] } as const;
const none = 'CREHT';

/** Resources in every state that a backup can be in. */
export const PLANTED: readonly Planted[] = [
  { service: 'fs', name: 'good', fails: '', ...good },
  { service: 'fs', name: 'none', fails: none },
  { service: 'fs', name: 'too-old', fails: 'R', ...good, points: [[37], [MONTH]], copy: 96 },
  { service: 'fs', name: 'just-in-time', fails: '', ...good, points: [[35], [MONTH]], copy: 96 },
  {
    service: 'fs',
    name: 'partial-only',
    fails: 'CREH',
    ...restored,
    points: [
      [6, { Status: 'PARTIAL' }],
      [MONTH, { Status: 'PARTIAL' }],
    ],
  },
  { service: 'fs', name: 'creating', fails: 'CREH', ...restored, points: [[1, { Status: 'CREATING' }]] },
  {
    service: 'fs',
    name: 'expired',
    fails: 'CREH',
    ...restored,
    points: [
      [6, { Status: 'EXPIRED' }],
      [MONTH, { Status: 'EXPIRED' }],
    ],
  },
  { service: 'fs', name: 'being-deleted', fails: 'CREH', ...restored, points: [[6, { Status: 'DELETING' }]] },
  {
    service: 'fs',
    name: 'overdue',
    fails: 'CREH',
    ...restored,
    points: [[6, { CalculatedLifecycle: { DeleteAt: new Date(0) } }]],
  },
  { service: 'fs', name: 'future', fails: 'CREH', ...restored, points: [[-24]] },
  {
    service: 'fs',
    name: 'failed-only',
    fails: 'CREH',
    ...restored,
    jobs: [[6, { State: 'FAILED', MessageCategory: 'AccessDenied' }]],
  },
  {
    service: 'fs',
    name: 'point-gone',
    fails: 'CREH',
    ...restored,
    jobs: [[6, { RecoveryPointArn: arnOf(HOME, 'backup', 'recovery-point:gone') }]],
  },
  {
    service: 'fs',
    name: 'old-copy',
    fails: 'R',
    ...good,
    copy: 96,
    points: [[1, { InitiationDate: new Date(0) }], [MONTH]],
  },
  { service: 'fs', name: 'no-history', fails: 'H', ...good, points: [[6], [27 * 24]] },
  { service: 'fs', name: 'home-only', fails: 'E', points: [[6], [MONTH]], ...restored },
  { service: 'fs', name: 'stale-copy', fails: 'E', ...good, copy: 8 * 24 },
  { service: 'fs', name: 'never-restored', fails: 'T', ...good, restores: [] },
  { service: 'fs', name: 'restored-long-ago', fails: 'T', ...good, restores: [[366]] },
  { service: 'fs', name: 'restored-in-time', fails: '', ...good, restores: [[364]] },
  {
    service: 'fs',
    name: 'restore-invalid',
    fails: 'T',
    ...good,
    restores: [[20, { ValidationStatus: 'FAILED' }]],
  },
  {
    service: 'fs',
    name: 'restore-timed-out',
    fails: 'T',
    ...good,
    restores: [[20, { ValidationStatus: 'TIMED_OUT' }]],
  },
  {
    service: 'fs',
    name: 'restore-validating',
    fails: 'T',
    ...good,
    restores: [[0.1, { ValidationStatus: 'VALIDATING' }]],
  },
  {
    service: 'fs',
    name: 'restore-failed',
    fails: 'T',
    ...good,
    restores: [[20, { Status: 'FAILED', ValidationStatus: undefined }]],
  },
  {
    service: 'fs',
    name: 'restore-aborted',
    fails: 'T',
    ...good,
    restores: [[20, { Status: 'ABORTED', ValidationStatus: undefined }]],
  },
  {
    service: 'fs',
    name: 'restore-running',
    fails: 'T',
    ...good,
    restores: [[0.1, { Status: 'RUNNING', ValidationStatus: undefined, CompletionDate: undefined }]],
  },
  {
    service: 'fs',
    name: 'restore-unvalidated',
    fails: '',
    ...good,
    restores: [[20, { ValidationStatus: undefined }]],
  },
  {
    service: 'fs',
    name: 'restored-by-point',
    fails: '',
    ...good,
    restores: [
      [
        20,
        {
          SourceResourceArn: undefined,
          RecoveryPointArn: arnOf(HOME, 'backup', 'recovery-point:fs-restored-by-point-0'),
        },
      ],
    ],
  },
  { service: 'fs', name: 'new', fails: '', age: 1 },
  { service: 'fs', name: 'new-two-days', fails: 'R', age: 40 },
  { service: 'fs', name: 'new-a-week', fails: 'CR', age: 6 * 24 },
  { service: 'fs', name: 'deleting', fails: '', gone: true, points: [[6]] },
  { service: 'vol', name: 'untagged', fails: '' },
  { service: 'vol', name: 'tagged-no', fails: '', tag: 'no' },
  { service: 'vol', name: 'tagged', fails: none, tag: 'required' },
  { service: 'vol', name: 'tagged-good', fails: '', tag: 'required', ...good },
  { service: 'vol', name: 'deleting', fails: '', tag: 'required', gone: true },
  { service: 'i', name: 'restarted', fails: none, tag: 'required' },
  { service: 'i', name: 'new', fails: '', tag: 'required', age: 1 },
  { service: 'i', name: 'terminated', fails: '', tag: 'required', gone: true },
  { service: 'bucket', name: 'untagged', fails: '' },
  { service: 'bucket', name: 'tagged', fails: none, tag: 'required' },
  {
    service: 'bucket',
    name: 'rolling',
    fails: '',
    tag: 'required',
    ...good,
    copy: 96,
    points: [[60 * 24, { Lifecycle: { DeleteAfterDays: 35 } }], [MONTH]],
    jobs: [[6, { RecoveryPointArn: arnOf(HOME, 'backup', 'recovery-point:bucket-rolling-0') }]],
  },
  {
    service: 'bucket',
    name: 'rolling-short',
    fails: 'H',
    tag: 'required',
    ...good,
    copy: 96,
    points: [[60 * 24, { Lifecycle: { DeleteAfterDays: 14 } }]],
    jobs: [[6, { RecoveryPointArn: arnOf(HOME, 'backup', 'recovery-point:bucket-rolling-short-0') }]],
  },
  {
    service: 'bucket',
    name: 'rolling-failed',
    fails: 'R',
    tag: 'required',
    ...good,
    copy: 96,
    points: [[60 * 24], [MONTH]],
    jobs: [
      [
        6,
        {
          State: 'FAILED',
          RecoveryPointArn: arnOf(HOME, 'backup', 'recovery-point:bucket-rolling-failed-0'),
        },
      ],
    ],
  },
  {
    service: 'bucket',
    name: 'stopped',
    fails: 'R',
    tag: 'required',
    ...good,
    copy: 96,
    points: [[60 * 24, { Status: 'STOPPED' }], [MONTH]],
    jobs: [[6, { RecoveryPointArn: arnOf(HOME, 'backup', 'recovery-point:bucket-stopped-0') }]],
  },
  { service: 'db', name: 'good', fails: '', ...good, restorable: [0.1, 35] },
  { service: 'db', name: 'in-time-only', fails: 'HET', restorable: [0.1, 14] },
  { service: 'db', name: 'long-past', fails: 'ET', restorable: [0.1, 35] },
  { service: 'db', name: 'none', fails: `${none}P` },
  { service: 'db', name: 'snapshots-only', fails: 'P', ...good },
  { service: 'db', name: 'restorable-ahead', fails: 'P', ...good, restorable: [-24, 35] },
  { service: 'cluster', name: 'good', fails: '', ...good, restorable: [0.1, 35] },
  { service: 'cluster', name: 'none', fails: `${none}P` },
  { service: 'table', name: 'good', fails: '', ...good, restorable: [0.1, 35] },
  { service: 'table', name: 'standing-still', fails: 'RETP', restorable: [72, 35] },
  { service: 'table', name: 'off', fails: 'P', ...good },
];

export const idOf = ({ service, name }: Planted): string => `${service}-${name}`;

export function resourceOf(planted: Planted): string {
  const { service, name } = planted;
  switch (service) {
    case 'fs':
      return arnOf(HOME, 'elasticfilesystem', `file-system/${idOf(planted)}`);
    case 'vol':
      return arnOf(HOME, 'ec2', `volume/${idOf(planted)}`);
    case 'i':
      return arnOf(HOME, 'ec2', `instance/${idOf(planted)}`);
    case 'bucket':
      return `arn:aws:s3:::${idOf(planted)}`;
    case 'table':
      return arnOf(HOME, 'dynamodb', `table/${name}`);
    default:
      return arnOf(HOME, 'rds', `${service}:${name}`);
  }
}
