/** Loaded only for a register that is fetched. A module of its own, since a bundle keeps no names of a CommonJS package that is imported lazily. */
export { Agent, request } from 'undici';
