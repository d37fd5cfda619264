import { z } from 'zod';
import { isAllowedUrl } from '../exports/config.ts';
import { secretRef } from '../secret-ref.ts';

/** The section of a Collector manifest whose `plugin` is `google`. */
export const googleConfig = z
  .strictObject({
    /** The customer's immutable id: part of every record's id, and held against what Google says of `customer`. */
    scope: z.string().regex(/^C[A-Za-z0-9]{4,32}$/, "expected a customer's id such as C01234567"),
    title: z.string().min(1).max(128).optional(),
    /** How the customer is asked for: the subject's own unless another is named, as resellers do. */
    customer: z
      .string()
      .regex(
        /^(my_customer|C[A-Za-z0-9]{4,32})$/,
        "expected my_customer or a customer's id such as C01234567",
      )
      .default('my_customer'),
    /** The administrator in whose name the directory is read. */
    subject: z.email('expected the e-mail address of an administrator'),
    /** A service account's key, as the JSON that Google made. */
    credentials: secretRef.optional(),
    /** Without a key: the e-mail address of the service account that the environment's own identity may sign for. */
    impersonate: z.email('expected the e-mail address of a service account').optional(),
    /** Another endpoint than Google's own, for every service; marked as such in the evidence. */
    endpoint: z
      .string()
      .refine(isAllowedUrl, 'expected an address that is https or on loopback, without a user in it')
      .optional(),
    /** Attempts of one call, the first included. */
    maxAttempts: z.int().min(1).max(12).default(7),
    /** Seconds that one attempt may take, its body included. */
    requestTimeout: z.number().positive().max(300).default(30),
    /** Users on one page. */
    pageSize: z.int().min(1).max(500).default(500),
    /** Reads third-party grants too, with a call for each user; `concurrency` of them at once. */
    oauthGrants: z.strictObject({ concurrency: z.int().min(1).max(16).default(4) }).optional(),
  })
  .superRefine(({ credentials, impersonate }, context) => {
    if ((credentials === undefined) === (impersonate === undefined))
      context.addIssue({
        code: 'custom',
        path: ['credentials'],
        message: 'expected one of credentials and impersonate',
      });
  });

export type GoogleConfig = z.output<typeof googleConfig>;
