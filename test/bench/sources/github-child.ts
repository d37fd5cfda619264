import { startStub } from '../../collectors/github/stub.ts';
import { githubEstate } from './github-estate.ts';

// Forked with what the organisation holds; tells the endpoint.

const stub = await startStub(githubEstate(JSON.parse(process.argv[2] ?? '')));
process.on('disconnect', () => process.exit());
process.send?.(stub.endpoint);
