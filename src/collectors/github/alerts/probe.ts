import { z } from 'zod';
import type { Work } from '../dataset.ts';

/** The first page of a listing, which is enough to see whether it may be asked for. */
export async function firstPage(
  { session, organization }: Work,
  route: string,
  parameters: Readonly<Record<string, string>>,
): Promise<void> {
  await session.get(route, { org: organization.login, per_page: 1, ...parameters }, z.array(z.unknown()));
}
