/** Loaded only when something is asked. A module of its own, since a bundle keeps no names of a CommonJS package that is imported lazily. */
export { Agent, EnvHttpProxyAgent, request } from 'undici';
