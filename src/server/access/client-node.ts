/** Loaded only where callers show tokens of a cluster. */
export { KubeConfig } from '@kubernetes/client-node';
