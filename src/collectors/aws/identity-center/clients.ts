import { IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { SSOAdminClient } from '@aws-sdk/client-sso-admin';
import type { Work } from '../dataset.ts';

/** Identity Center answers in the one region that it was set up in. */
export function ssoOf({ session, config, region }: Work): SSOAdminClient {
  return session.client('sso', SSOAdminClient, config.identityCenter?.region ?? region);
}

export function directoryOf({ session, config, region }: Work): IdentitystoreClient {
  return session.client('identitystore', IdentitystoreClient, config.identityCenter?.region ?? region);
}

/** The most that either service lists at once. */
export const PAGE = 100;
