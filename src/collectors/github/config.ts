import { z } from 'zod';
import { isAllowedUrl } from '../exports/config.ts';
import { secretRef } from '../secret-ref.ts';

const login = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,98}[a-z0-9])?$/i, "expected an organisation's login, such as acme");

const auth = z.union(
  [
    z.strictObject({
      app: z.strictObject({
        appId: z.int().positive(),
        installationId: z.int().positive(),
        /** PEM, as GitHub gives it. */
        privateKey: secretRef,
      }),
    }),
    z.strictObject({ token: secretRef }),
  ],
  { error: 'expected one of { app } and { token }' },
);

/** The section of a Collector manifest whose `type` is `github`. */
export const githubConfig = z
  .strictObject({
    organizations: z
      .array(login)
      .min(1)
      .superRefine((list, context) => {
        for (const [index, name] of list.entries())
          if (list.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index)
            context.addIssue({
              code: 'custom',
              path: [index],
              message: `organisation ${name} is named twice`,
            });
      }),
    auth,
    /** GitHub Enterprise Server: `https://HOST/api/v3`. Absent: github.com. */
    baseUrl: z.string().refine(isAllowedUrl, 'expected an https URL, such as https://HOST/api/v3').optional(),
    /** Where the e-mail addresses of members are asked for; beside their logins these tie them to people. */
    emailsFrom: z.array(z.enum(['verified-domains', 'saml'])).default(['verified-domains']),
    /** How many whole days of changes are listed. */
    changeDays: z.int().min(1).max(365).default(30),
    /** Attempts of one call, the first included. */
    maxAttempts: z.int().min(1).max(10).default(4),
    /** Seconds that one attempt may take, its body included. */
    requestTimeout: z.number().positive().max(300).default(20),
    /** Seconds until the second attempt of what failed; four times as long until the third, nine times until the fourth. */
    retryDelay: z.number().positive().max(60).default(1),
    /** Seconds for which a rate limit is waited for, at most; a longer one fails the dataset, and the schedule comes back to it. */
    rateLimitWait: z.number().min(0).max(3600).default(120),
  })
  .superRefine(({ organizations, auth: chosen }, context) => {
    if ('app' in chosen && organizations.length > 1)
      context.addIssue({
        code: 'custom',
        path: ['organizations'],
        message: 'expected one organisation: an installation of an app belongs to one',
      });
  })
  .readonly();

export type GithubConfig = z.infer<typeof githubConfig>;
