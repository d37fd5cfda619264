import {
  BackupClient,
  ListBackupVaultsCommand,
  ResourceNotFoundException,
  type BackupVaultListMember,
  type ListBackupVaultsOutput,
} from '@aws-sdk/client-backup';
import { pages } from '../../pages.ts';
import { listed } from '../../read.ts';
import type { Session } from '../session.ts';

/** The most that a page of AWS Backup holds. */
export const PAGE = 1000;

export function backupOf(session: Session): BackupClient {
  return session.client('backup', BackupClient);
}

/** What a listing named may be gone when it is asked for: AWS Backup says so with HTTP 400. */
export async function unlessGone<T>(send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** Every vault of the account in the region, logically air-gapped ones too. */
export async function* vaultsOf(session: Session): AsyncGenerator<BackupVaultListMember, void, undefined> {
  const operation = 'backup:ListBackupVaults';
  const fetch = (NextToken: string | undefined) =>
    session.call(operation, (options) =>
      backupOf(session).send(new ListBackupVaultsCommand({ MaxResults: PAGE, NextToken }), options),
    );
  for await (const page of pages<ListBackupVaultsOutput>(operation, fetch, (page) => page.NextToken))
    yield* listed(operation, 'BackupVaultList', page.BackupVaultList);
}
