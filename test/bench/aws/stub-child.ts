import { startStub } from '../../collectors/aws/stub.ts';
import type { Faults } from '../../collectors/aws/faults.ts';
import { handlersOf, type Holdings } from './estate.ts';

// Forked with what the accounts hold; answers with the endpoint. Then each message sets faults, and is answered with the calls so far.

const holdings: Holdings = JSON.parse(process.argv[2] ?? '');
const stub = await startStub(handlersOf(holdings));
process.on('message', (faults: Faults) => {
  stub.setFaults(faults);
  process.send?.(stub.calls);
});
process.on('disconnect', () => process.exit());
process.send?.(stub.endpoint);
