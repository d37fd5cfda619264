import { base, CUSTOMER, type Estate, SUBJECT, token, userOf } from '../collectors/google/estate.ts';
import { keyFile } from '../collectors/google/identities.ts';
import { startStub } from '../collectors/google/stub.ts';

// Forked with how many users there are; tells where Google is and a key to it. Then each message is answered with the calls so far, by operation.

const size = Number(process.argv[2]);
const every = (count: number) => Array.from({ length: count }, (_, index) => index);
const addressOf = (index: number): string => (index === 0 ? SUBJECT : `p${index}@acme.example`);

const estate: Estate = {
  ...base,
  users: every(size).map((index) =>
    userOf(String(10_000 + index), addressOf(index), { aliases: [`alias-${index}@acme.example`] }),
  ),
  assignments: base.assignments.slice(0, 1).map((one) => ({ ...one, assignedTo: '10001' })),
  tokens: Object.fromEntries(
    every(size / 10).map((index) => [
      String(10_000 + index * 10),
      every(3).map((client) => token(`${client}.apps.example`, `Application ${client}`, ['openid', 'email'])),
    ]),
  ),
  mobile: every(size).map((index) => ({
    ...base.mobile[0],
    resourceId: `m${index}`,
    email: [addressOf(index)],
  })),
  chromeos: every(size).map((index) => ({
    ...base.chromeos[0],
    deviceId: `c${index}`,
    annotatedUser: addressOf(index),
  })),
};
const stub = await startStub(estate, { pageSize: 500 });
process.on('message', () => {
  process.send?.(
    Object.fromEntries(
      [...Map.groupBy(stub.calls, ({ operation }) => operation)].map(([name, { length }]) => [name, length]),
    ),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ endpoint: stub.endpoint, key: keyFile(), customer: CUSTOMER, subject: SUBJECT });
