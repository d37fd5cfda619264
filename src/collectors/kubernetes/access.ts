import type { Agent } from 'node:http';
import { dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { throughProxies } from '../../network/proxy.ts';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { KubernetesConfig } from './config.ts';
import type { ClientOptions } from './http.ts';

/** A cluster as the configuration reaches it. */
export interface Access extends Disposable {
  /** Where the API server is, without a slash at the end. */
  readonly server: string;
  /** Whether the server had to show that it is the one that is meant. */
  readonly authenticated: boolean;
  /** TLS and credentials for one request; a token file is read anew once a minute. */
  options(): Promise<ClientOptions>;
}

/** Reads the kubeconfig, or what a pod is given: anew for every collection, since files and certificates are replaced. */
export async function openAccess(config: KubernetesConfig, context: CollectorContext): Promise<Access> {
  const { KubeConfig } = await import('./client-node.ts');
  const kubeconfig = new KubeConfig();
  await load(kubeconfig, config, context);
  const cluster = kubeconfig.getCurrentCluster();
  if (cluster === null || kubeconfig.getCurrentUser() === null)
    throw new CollectorError(
      'configuration',
      `the kubeconfig has no ${config.context === undefined ? 'current context' : `context ${config.context}`} with its cluster and its user`,
    );
  if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server))
    throw new CollectorError('configuration', "the kubeconfig's server is no URL");
  const agents = new Map<Agent, Agent>();
  /** The client's agent is used again and again; the kubeconfig may name a proxy of its own. */
  const agentFor = (own: Agent): Agent => {
    const known = agents.get(own);
    if (known !== undefined) return known;
    const agent = cluster.proxyUrl === undefined ? throughProxies(own) : own;
    agents.set(own, agent);
    return agent;
  };
  return {
    server: cluster.server.replace(/\/$/, ''),
    authenticated: cluster.server.startsWith('https:') && !cluster.skipTLSVerify,
    options: async () => {
      const options: ClientOptions = {};
      try {
        await kubeconfig.applyToHTTPSOptions(options);
      } catch (error) {
        throw new CollectorError(
          'denied',
          'the credentials of the kubeconfig or of the pod can not be read',
          {
            cause: error,
          },
        );
      }
      if (typeof options.agent === 'object') options.agent = agentFor(options.agent);
      return options;
    },
    [Symbol.dispose]: () => {
      for (const agent of new Set([...agents.keys(), ...agents.values()])) agent.destroy();
    },
  };
}

async function load(
  kubeconfig: KubeConfig,
  { kubeconfig: from, context: chosen }: KubernetesConfig,
  { secret, directory }: CollectorContext,
): Promise<void> {
  if (from === undefined) {
    if (process.env['KUBERNETES_SERVICE_HOST'] === undefined)
      throw new CollectorError('configuration', 'not in a pod: expected kubeconfig in the settings');
    kubeconfig.loadFromCluster();
    return;
  }
  const text = await secret(from);
  try {
    kubeconfig.loadFromString(text);
  } catch {
    // What the parser says may quote the file.
    throw new CollectorError('configuration', 'the kubeconfig is not one, or names a file that is not there');
  }
  kubeconfig.makePathsAbsolute('file' in from ? dirname(resolve(directory, from.file)) : directory);
  if (chosen !== undefined) kubeconfig.setCurrentContext(chosen);
}
