import type { AgentView } from '../engine/view.ts';

/** `npm run build` writes these in; from source they say so. */
declare const ANNEXA_VERSION: string | undefined;
declare const ANNEXA_REVISION: string | undefined;

export const build: AgentView['build'] = {
  version: typeof ANNEXA_VERSION === 'undefined' ? '0.1.0' : ANNEXA_VERSION,
  revision: typeof ANNEXA_REVISION === 'undefined' ? 'source' : ANNEXA_REVISION,
  node: process.versions.node,
};
