import { AWAY, HOME, idOf, PLANTED, type Planted, resourceOf, type Service } from './backup-planted.ts';
import {
  type BackupHolding,
  backupHandlers,
  bucketOf,
  fileSystemOf,
  instanceOf,
  jobOf,
  planOf,
  pointOf,
  restoreOf,
  vaultOf,
  volumeOf,
  type Where,
} from './estate/backup.ts';
import {
  clusterOf,
  databaseHandlers,
  instanceOf as databaseOf,
  recoverable,
  tableOf,
} from './estate/database.ts';
import { taggingHandlers } from './estate/tagging.ts';
import type { Handlers } from './stub.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (now: number, hours: number): Date => new Date(now - hours * HOUR);

/** What the planted resources make of AWS Backup in a region; `own` adds to it. */
function plantedHolding(now: number, { region }: Where, own: Partial<BackupHolding> = {}): BackupHolding {
  const empty = {
    plans: [],
    jobs: [],
    restores: [],
    resources: [],
    volumes: [],
    instances: [],
    fileSystems: [],
    buckets: [],
    tagged: [],
  };
  if (region !== HOME.region)
    return {
      ...empty,
      vaults: [vaultOf(AWAY, 'copies')],
      points: PLANTED.flatMap((planted) =>
        planted.copy === undefined
          ? []
          : [
              pointOf(AWAY, now, 'copies', `copy-${idOf(planted)}`, resourceOf(planted), {
                CreationDate: at(now, planted.copy),
              }),
            ],
      ),
    };
  const of = (service: Service) => PLANTED.filter((planted) => planted.service === service);
  const here = (service: Service) => of(service).filter(({ gone }) => gone !== true || service !== 'bucket');
  const tags = ({ tag }: Planted) => (tag === undefined ? [] : [{ Key: 'backup', Value: tag }]);
  const made = ({ age = 400 * 24 }: Planted) => at(now, age);
  return {
    ...empty,
    plans: own.plans ?? [planOf(HOME, now, 'nightly', { LastExecutionDate: at(now, 1) })],
    vaults: own.vaults ?? [vaultOf(HOME, 'main')],
    jobs: [
      ...PLANTED.flatMap((planted) =>
        (planted.jobs ?? []).map(([hours, job], index) =>
          jobOf(HOME, now, `${idOf(planted)}-${index}`, resourceOf(planted), {
            CreationDate: at(now, hours),
            ...job,
          }),
        ),
      ),
      ...(own.jobs ?? []),
    ],
    restores: [
      ...PLANTED.flatMap((planted) =>
        (planted.restores ?? []).map(([days, restore], index) =>
          restoreOf(HOME, now, `${idOf(planted)}-${index}`, resourceOf(planted), {
            CreationDate: new Date(now - days * DAY),
            CompletionDate: new Date(now - days * DAY + HOUR),
            ...restore,
          }),
        ),
      ),
      ...(own.restores ?? []),
    ],
    points: [
      ...PLANTED.flatMap((planted) =>
        (planted.points ?? []).map(([hours, point], index) =>
          pointOf(HOME, now, 'main', `${idOf(planted)}-${index}`, resourceOf(planted), {
            CreationDate: at(now, hours),
            ...point,
          }),
        ),
      ),
      ...(own.points ?? []),
    ],
    resources: own.resources ?? [],
    volumes: of('vol').map((planted) =>
      volumeOf(now, idOf(planted), {
        CreateTime: made(planted),
        Tags: tags(planted),
        State: planted.gone ? 'deleting' : 'in-use',
      }),
    ),
    instances: of('i').map((planted) =>
      instanceOf(now, idOf(planted), {
        // All were started an hour ago; what they are attached to tells how old they are.
        LaunchTime: at(now, 1),
        NetworkInterfaces: [{ Attachment: { AttachTime: made(planted) } }],
        State: { Name: planted.gone ? 'terminated' : 'running' },
        Tags: tags(planted),
      }),
    ),
    fileSystems: of('fs').map((planted) =>
      fileSystemOf(HOME, now, idOf(planted), {
        CreationTime: made(planted),
        LifeCycleState: planted.gone ? 'deleting' : 'available',
      }),
    ),
    buckets: here('bucket').map((planted) => bucketOf(HOME, now, idOf(planted))),
    tagged: of('bucket')
      .filter(({ tag }) => tag !== undefined)
      .map((planted) => ({ arn: resourceOf(planted), tags: { backup: planted.tag ?? '' } })),
  };
}

/** The planted estate as the stub serves it, databases included. */
export function plantedHandlers(now: number, own: Partial<BackupHolding> = {}): Handlers {
  const options = { now, pageSize: 7 };
  const holding = (where: Where) => plantedHolding(now, where, own);
  return {
    ...databaseHandlers((where) => plantedDatabases(now, where), options),
    ...backupHandlers(holding, options),
    ...taggingHandlers((type, where) => (type === 's3' ? holding(where).tagged : []), options),
  };
}

function plantedDatabases(now: number, where: Where) {
  const of = (service: Service) =>
    where.region === HOME.region ? PLANTED.filter((planted) => planted.service === service) : [];
  const state = ({ restorable }: Planted) => ({
    BackupRetentionPeriod: restorable?.[1] ?? 0,
    LatestRestorableTime: restorable && at(now, restorable[0]),
  });
  return {
    instances: of('db').map((planted) => databaseOf(where, now, planted.name, state(planted))),
    clusters: of('cluster').map((planted) => clusterOf(where, now, planted.name, state(planted))),
    snapshots: [],
    clusterSnapshots: [],
    tables: of('table').map(({ name }) => tableOf(where, now, name)),
    recovery: Object.fromEntries(of('table').map((planted) => [planted.name, recoveryOf(now, planted)])),
  };
}

function recoveryOf(now: number, { restorable }: Planted) {
  if (restorable === undefined)
    return {
      ContinuousBackupsStatus: 'ENABLED' as const,
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' as const },
    };
  const [hours, days] = restorable;
  return {
    ...recoverable(now),
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED' as const,
      RecoveryPeriodInDays: days,
      EarliestRestorableDateTime: new Date(now - days * DAY),
      LatestRestorableDateTime: at(now, hours),
    },
  };
}
