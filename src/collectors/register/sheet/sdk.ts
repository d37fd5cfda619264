/** Loaded only for a sheet. A module of its own, since a bundle keeps no names of a CommonJS package that is imported lazily. */
export { sheets } from '@googleapis/sheets';
export { gaxios, GoogleAuth, JWT } from 'google-auth-library';
