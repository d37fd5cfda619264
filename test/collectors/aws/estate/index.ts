import type { Handlers } from '../stub.ts';
import { iamEstate } from './iam.ts';
import type { EstateOptions } from './options.ts';

/** A healthy account in which every dataset of AWS finds something, and every check passes that has a population. */
export function estate(options: EstateOptions): Handlers {
  return { ...iamEstate(options) };
}
