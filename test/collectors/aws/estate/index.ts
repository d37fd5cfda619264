import type { Asked, Handler, Handlers } from '../stub.ts';
import { accessAnalyzerEstate } from './access-analyzer.ts';
import { backupEstate } from './backup.ts';
import { databaseEstate } from './database.ts';
import { detectionEstate } from './detection.ts';
import { eksEstate } from './eks.ts';
import { iamEstate } from './iam.ts';
import { identityCenterEstate } from './identity-center.ts';
import { kmsEstate } from './kms.ts';
import { loggingEstate } from './logging.ts';
import { networkEstate } from './network.ts';
import type { EstateOptions } from './options.ts';
import { organizationEstate, type OrganizationEstateOptions } from './organization.ts';
import { storageEstate } from './storage.ts';
import { taggingEstate } from './tagging.ts';
import { tlsEstate } from './tls.ts';

const families = [
  accessAnalyzerEstate,
  databaseEstate,
  detectionEstate,
  eksEstate,
  identityCenterEstate,
  kmsEstate,
  loggingEstate,
  networkEstate,
  organizationEstate,
  tlsEstate,
] as const;

export interface WholeOptions extends EstateOptions, Pick<OrganizationEstateOptions, 'members'> {
  /** Of IAM. */
  readonly users?: number;
}

/** A healthy account in which every dataset of AWS finds something, and every check passes that has a population. */
export function estate({ users, ...options }: WholeOptions): Handlers {
  const people = iamEstate({ ...options, ...(users === undefined ? {} : { size: users }) });
  const backups = backupEstate(options);
  // Storage tells more of what backups are made of.
  const told: Handlers = Object.assign(
    {},
    ...families.map((family) => family(options)),
    people,
    backups,
    storageEstate(options),
  );
  return {
    ...told,
    [TAGS]: tagsFrom({ s3: backups }, taggingEstate(options)),
  };
}

const TAGS = 'tag:GetResources';

/** Each type's tags are told by the family that holds what bears them. */
function tagsFrom(families: Readonly<Partial<Record<string, Handlers>>>, others: Handlers): Handler {
  return (input: { readonly ResourceTypeFilters?: readonly string[] }, asked: Asked) => {
    const family = families[input.ResourceTypeFilters?.[0] ?? ''] ?? others;
    const handler = family[TAGS];
    if (handler === undefined)
      throw new Error(`no family tells the tags of ${input.ResourceTypeFilters?.join()}`);
    return handler(input, asked);
  };
}
