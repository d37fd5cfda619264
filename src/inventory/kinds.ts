import type { Kind } from './kind.ts';
import { account } from './kinds/account.ts';
import { alert } from './kinds/alert.ts';
import { auditTrail } from './kinds/audit-trail.ts';
import { backupJob } from './kinds/backup-job.ts';
import { backupPlan } from './kinds/backup-plan.ts';
import { backupVault } from './kinds/backup-vault.ts';
import { certificate } from './kinds/certificate.ts';
import { cluster } from './kinds/cluster.ts';
import { credential } from './kinds/credential.ts';
import { cryptoKey } from './kinds/crypto-key.ts';
import { dataStore } from './kinds/data-store.ts';
import { departure } from './kinds/departure.ts';
import { detector } from './kinds/detector.ts';
import { identity } from './kinds/identity.ts';
import { listener } from './kinds/listener.ts';
import { logStore } from './kinds/log-store.ts';
import { network } from './kinds/network.ts';
import { networkRule } from './kinds/network-rule.ts';
import { organizationAccount } from './kinds/organization-account.ts';
import { person } from './kinds/person.ts';
import { policy } from './kinds/policy.ts';
import { protectedResource } from './kinds/protected-resource.ts';
import { publicAddress } from './kinds/public-address.ts';
import { recoveryPoint } from './kinds/recovery-point.ts';
import { restoreJob } from './kinds/restore-job.ts';
import { role } from './kinds/role.ts';
import { roleGrant } from './kinds/role-grant.ts';
import { scanCoverage } from './kinds/scan-coverage.ts';
import { soaControl } from './kinds/soa-control.ts';
import { storageDefault } from './kinds/storage-default.ts';
import { vulnerability } from './kinds/vulnerability.ts';

/** Every kind of record, by name. A new one is a file under kinds/ and a line here. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  [
    account,
    alert,
    auditTrail,
    backupJob,
    backupPlan,
    backupVault,
    certificate,
    cluster,
    credential,
    cryptoKey,
    dataStore,
    departure,
    detector,
    identity,
    listener,
    logStore,
    network,
    networkRule,
    organizationAccount,
    person,
    policy,
    protectedResource,
    publicAddress,
    recoveryPoint,
    restoreJob,
    role,
    roleGrant,
    scanCoverage,
    soaControl.kind,
    storageDefault,
    vulnerability,
  ].map((kind) => [kind.name, kind]),
);
