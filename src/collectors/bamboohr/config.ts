import { z } from 'zod';
import { isAllowedUrl, timeZone } from '../exports/config.ts';
import { secretRef } from '../secret-ref.ts';

/** The section of a Collector manifest whose plugin is `bamboohr`. */
export const bamboohrConfig = z
  .strictObject({
    /** The company's domain: `acme` of acme.bamboohr.com. */
    company: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'expected the part before .bamboohr.com'),
    title: z.string().min(1).max(128).optional(),
    /** Sent as the user name of HTTP basic authentication. */
    apiKey: secretRef.optional(),
    /** An OAuth access token, sent as `Authorization: Bearer`. */
    token: secretRef.optional(),
    /** Another address than the company's own, such as a proxy's: told as one that isn't the vendor's. */
    url: z.string().refine(isAllowedUrl, 'expected an https URL').optional(),
    /** What employment statuses say of how somebody is engaged, as written there. `Contractor` is a contractor unless set. */
    types: z.record(z.string(), z.enum(['employee', 'contractor', 'other'])).default({}),
    /** In which days begin and end. */
    timeZone: timeZone.default('UTC'),
    /** Days for which a move to another department is told. */
    transferDays: z.int().min(1).max(3650).default(400),
    /** People on a page. */
    pageSize: z.int().min(1).max(2500).default(1000),
    /** How often a request that was throttled is made, the first time included. */
    attempts: z.int().min(1).max(10).default(4),
    /** Bytes of one answer. */
    maxBytes: z
      .int()
      .min(1)
      .max(1024 ** 3)
      .default(64 * 1024 ** 2),
    /** Seconds without a byte before an answer is given up. */
    requestTimeout: z.int().min(1).max(600).default(60),
  })
  .superRefine((config, context) => {
    if ((config.apiKey === undefined) === (config.token === undefined))
      context.addIssue({ code: 'custom', path: ['apiKey'], message: 'expected one of apiKey and token' });
  })
  .readonly();

export type BamboohrConfig = z.output<typeof bamboohrConfig>;
