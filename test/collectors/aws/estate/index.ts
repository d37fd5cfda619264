import type { Handlers } from '../stub.ts';
import { databaseEstate } from './database.ts';
import { detectionEstate } from './detection.ts';
import { eksEstate } from './eks.ts';
import { iamEstate } from './iam.ts';
import { loggingEstate } from './logging.ts';
import { networkEstate } from './network.ts';
import type { EstateOptions } from './options.ts';
import { organizationEstate } from './organization.ts';
import { taggingEstate } from './tagging.ts';
import { tlsEstate } from './tls.ts';

/** A healthy account in which every dataset of AWS finds something, and every check passes that has a population. `users` of IAM, `size` of the rest. */
export function estate({ users, ...options }: EstateOptions & { readonly users?: number }): Handlers {
  const families = [
    databaseEstate,
    detectionEstate,
    eksEstate,
    loggingEstate,
    networkEstate,
    organizationEstate,
    taggingEstate,
    tlsEstate,
  ].map((family) => family(options));
  const people = iamEstate({ ...options, ...(users === undefined ? {} : { size: users }) });
  return Object.assign({}, ...families, people);
}
