import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { read } from '../read.ts';
import type { Work } from './dataset.ts';

const OPERATION = 'directory.customers.get';
const customer = z.object({ id: z.string() });

/** Rejects with `configuration` unless the customer that is asked for is the one whose id is the scope. */
export async function confirmCustomer({ session, config }: Work): Promise<void> {
  const { customer: customerKey, scope } = config;
  const data = await session.call(OPERATION, (directory, options) =>
    directory.customers.get({ customerKey, fields: 'id' }, options),
  );
  const { id } = read(OPERATION, 'the customer', customer, data);
  if (id !== scope)
    throw new CollectorError('configuration', `${OPERATION}: the customer is ${id}, but scope is ${scope}`);
}
