import { CUSTOMER, SUBJECT } from '../../collectors/google/estate.ts';
import { keyFile } from '../../collectors/google/identities.ts';
import { startStub } from '../../collectors/google/stub.ts';
import { googleEstate } from './google-estate.ts';

// Forked with how many users there are; tells where Google is and a key to it. Then each message is answered with the calls so far, by operation.

const stub = await startStub(googleEstate(Number(process.argv[2])), { pageSize: 500 });
process.on('message', () => {
  process.send?.(
    Object.fromEntries(
      [...Map.groupBy(stub.calls, ({ operation }) => operation)].map(([name, { length }]) => [name, length]),
    ),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ endpoint: stub.endpoint, key: keyFile(), customer: CUSTOMER, subject: SUBJECT });
