/** Loaded only where a cluster is collected. */
export { KubeConfig } from '@kubernetes/client-node';
