import { largeEstate } from '../collectors/github/large.ts';
import { startStub } from '../collectors/github/stub.ts';

// Forked with the numbers of repositories and members; answers with the endpoint.

const [repositories = 0, members = 0] = process.argv.slice(2).map(Number);
const stub = await startStub(largeEstate(repositories, members));
process.on('disconnect', () => process.exit());
process.send?.(stub.endpoint);
