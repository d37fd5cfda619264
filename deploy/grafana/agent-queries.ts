import { AGENT } from './variables.ts';

export const COLLECTOR = 'collector=~"$collector"';
export const increase = (family: string, by: string, matchers: string) =>
  `sum by (${by}) (increase(annexa_${family}{${AGENT}${matchers === '' ? '' : `, ${matchers}`}}[$__rate_interval]))`;
export const moment = (family: string, by = '') => `max by (${by}) (annexa_${family}{${AGENT}}) * 1000`;
