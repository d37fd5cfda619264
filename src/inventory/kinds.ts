import type { Kind } from './kind.ts';
import { accessReview } from './kinds/access-review.ts';
import { account } from './kinds/account.ts';
import { acknowledgement } from './kinds/acknowledgement.ts';
import { agreement } from './kinds/agreement.ts';
import { alert } from './kinds/alert.ts';
import { areaOwner } from './kinds/area-owner.ts';
import { asset } from './kinds/asset.ts';
import { auditTrail } from './kinds/audit-trail.ts';
import { backupJob } from './kinds/backup-job.ts';
import { backupPlan } from './kinds/backup-plan.ts';
import { backupVault } from './kinds/backup-vault.ts';
import { badge } from './kinds/badge.ts';
import { branch } from './kinds/branch.ts';
import { certificate } from './kinds/certificate.ts';
import { change } from './kinds/change.ts';
import { cluster } from './kinds/cluster.ts';
import { containerImage } from './kinds/container-image.ts';
import { correctiveAction } from './kinds/corrective-action.ts';
import { credential } from './kinds/credential.ts';
import { cryptoKey } from './kinds/crypto-key.ts';
import { dataStore } from './kinds/data-store.ts';
import { departure } from './kinds/departure.ts';
import { detector } from './kinds/detector.ts';
import { device } from './kinds/device.ts';
import { document } from './kinds/document.ts';
import { exercise } from './kinds/exercise.ts';
import { identity } from './kinds/identity.ts';
import { incident } from './kinds/incident.ts';
import { internalAudit } from './kinds/internal-audit.ts';
import { leakedSecret } from './kinds/leaked-secret.ts';
import { listener } from './kinds/listener.ts';
import { logStore } from './kinds/log-store.ts';
import { maintenanceRecord } from './kinds/maintenance-record.ts';
import { managementReview } from './kinds/management-review.ts';
import { mediaDisposal } from './kinds/media-disposal.ts';
import { namespace } from './kinds/namespace.ts';
import { network } from './kinds/network.ts';
import { networkRule } from './kinds/network-rule.ts';
import { node } from './kinds/node.ts';
import { oauthGrant } from './kinds/oauth-grant.ts';
import { organizationAccount } from './kinds/organization-account.ts';
import { person } from './kinds/person.ts';
import { policy } from './kinds/policy.ts';
import { protectedResource } from './kinds/protected-resource.ts';
import { publicAddress } from './kinds/public-address.ts';
import { recoveryPoint } from './kinds/recovery-point.ts';
import { repository } from './kinds/repository.ts';
import { repositoryGrant } from './kinds/repository-grant.ts';
import { restoreJob } from './kinds/restore-job.ts';
import { restoreTest } from './kinds/restore-test.ts';
import { risk } from './kinds/risk.ts';
import { role } from './kinds/role.ts';
import { roleBinding } from './kinds/role-binding.ts';
import { roleGrant } from './kinds/role-grant.ts';
import { roleHolder } from './kinds/role-holder.ts';
import { scanCoverage } from './kinds/scan-coverage.ts';
import { soaControl } from './kinds/soa-control.ts';
import { storageDefault } from './kinds/storage-default.ts';
import { supplier } from './kinds/supplier.ts';
import { threatItem } from './kinds/threat-item.ts';
import { trainingRecord } from './kinds/training-record.ts';
import { transfer } from './kinds/transfer.ts';
import { vulnerability } from './kinds/vulnerability.ts';
import { workload } from './kinds/workload.ts';

/** Every kind of record, by name. A new one is a file under kinds/ and a line here. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  [
    accessReview,
    account,
    acknowledgement,
    agreement,
    alert,
    areaOwner,
    asset,
    auditTrail,
    backupJob,
    backupPlan,
    backupVault,
    badge,
    branch,
    certificate,
    change,
    cluster,
    containerImage,
    correctiveAction,
    credential,
    cryptoKey,
    dataStore,
    departure,
    detector,
    device,
    document,
    exercise,
    identity,
    incident,
    internalAudit,
    leakedSecret,
    listener,
    logStore,
    maintenanceRecord,
    managementReview,
    mediaDisposal,
    namespace,
    network,
    networkRule,
    node,
    oauthGrant,
    organizationAccount,
    person,
    policy,
    protectedResource,
    publicAddress,
    recoveryPoint,
    repository,
    repositoryGrant,
    restoreJob,
    restoreTest,
    risk,
    role,
    roleBinding,
    roleGrant,
    roleHolder,
    scanCoverage,
    soaControl.kind,
    storageDefault,
    supplier,
    threatItem,
    trainingRecord,
    transfer,
    vulnerability,
    workload,
  ].map((kind) => [kind.name, kind]),
);
