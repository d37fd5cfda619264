import { startStub } from '../../collectors/kubernetes/stub.ts';
import { kubernetesEstate } from './kubernetes-estate.ts';

// Forked with what the cluster holds; tells its address.

const stub = await startStub(kubernetesEstate(JSON.parse(process.argv[2] ?? '')));
process.on('disconnect', () => process.exit());
process.send?.(stub.url);
