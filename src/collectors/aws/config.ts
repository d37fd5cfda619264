import { z } from 'zod';
import { secretRef } from '../secret-ref.ts';

const region = z.string().regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'expected a region such as us-east-1');
const regions = z
  .array(region)
  .min(1)
  .superRefine((list, context) => {
    for (const [index, name] of list.entries())
      if (list.indexOf(name) !== index)
        context.addIssue({ code: 'custom', path: [index], message: `region ${name} is named twice` });
  });
const accountId = z.string().regex(/^\d{12}$/, 'expected the 12 digits of an AWS account id');
const externalId = z
  .string()
  .regex(/^[\w+=,.@:/-]{2,1224}$/, 'expected 2 to 1224 characters of A-Z a-z 0-9 and _+=,.@:/-');

const account = z.strictObject({
  id: accountId,
  title: z.string().min(1).max(128).optional(),
  /** Assumed with the credentials of the collector; absent: those credentials belong to the account itself. */
  roleArn: z
    .string()
    .regex(
      /^arn:aws(-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
      'expected arn:aws:iam::<account>:role/<name>',
    )
    .optional(),
  externalId: externalId.optional(),
  /** Regions to look at in this account, instead of the collector's. */
  regions: regions.optional(),
});

/** The section of a Collector manifest whose `type` is `aws`. */
export const awsConfig = z
  .strictObject({
    /** The home region: it chooses the partition and the STS endpoint, and is asked for what lies in no region. */
    region: region.default('us-east-1'),
    /** Regions to look at, in every account that names none of its own; absent: the home region alone. */
    regions: regions.optional(),
    /** Another endpoint than AWS's own, for every service; marked as such in the evidence. */
    endpoint: z
      .union([z.url({ protocol: /^https?$/ }), z.strictObject({ env: z.string().min(1) })])
      .optional(),
    /** Absent: the SDK's default chain (environment, web identity, container, instance, shared files). */
    credentials: z
      .strictObject({
        accessKeyId: secretRef,
        secretAccessKey: secretRef,
        sessionToken: secretRef.optional(),
      })
      .optional(),
    accounts: z
      .array(account)
      .min(1)
      .superRefine((accounts, context) => {
        const seen = new Set<string>();
        for (const [index, entry] of accounts.entries()) {
          if (seen.has(entry.id))
            context.addIssue({
              code: 'custom',
              path: [index, 'id'],
              message: `account ${entry.id} is named twice`,
            });
          seen.add(entry.id);
          if (entry.externalId !== undefined && entry.roleArn === undefined)
            context.addIssue({
              code: 'custom',
              path: [index, 'externalId'],
              message: 'expected roleArn beside externalId',
            });
          if (entry.roleArn !== undefined && entry.roleArn.split(':')[4] !== entry.id)
            context.addIssue({
              code: 'custom',
              path: [index, 'roleArn'],
              message: `expected a role of account ${entry.id}`,
            });
        }
      }),
    /**
     * The organisation, as the account (one of `accounts`) lists it: its management account or a delegated administrator. With `role`, that role of
     * every active member that `accounts` doesn't name is assumed, and the member collected.
     */
    organization: z
      .strictObject({
        account: accountId,
        role: z
          .string()
          .regex(/^[\w+=,.@/-]{1,512}$/, "expected a role's name, with its path but without a slash in front")
          .optional(),
        externalId: externalId.optional(),
      })
      .optional(),
    /** Identity Center, asked in the account (one of `accounts`) and the region that run it. */
    identityCenter: z.strictObject({ account: accountId, region: region.optional() }).optional(),
    /** Attempts of one call, the first included: times `requestTimeout` it is how long a region that hangs is waited for. */
    maxAttempts: z.int().min(1).max(20).default(4),
    /** Seconds that one attempt may take, its body included. */
    requestTimeout: z.number().positive().max(300).default(20),
    /** Seconds until the second look at a credential report that is being generated; doubled from look to look. */
    reportPoll: z.number().positive().max(60).default(1),
    /** How many days back backup jobs are listed; AWS keeps them for thirty. */
    backup: z.strictObject({ jobDays: z.int().min(1).max(30).default(8) }).prefault({}),
  })
  .superRefine(({ accounts, organization, identityCenter }, context) => {
    for (const [field, entry] of Object.entries({ organization, identityCenter }))
      if (entry !== undefined && !accounts.some(({ id }) => id === entry.account))
        context.addIssue({
          code: 'custom',
          path: [field, 'account'],
          message: `expected one of accounts, where account ${entry.account} is not`,
        });
    if (organization?.externalId !== undefined && organization.role === undefined)
      context.addIssue({
        code: 'custom',
        path: ['organization', 'externalId'],
        message: 'expected role beside externalId',
      });
  })
  .readonly();

export type AwsConfig = z.infer<typeof awsConfig>;
export type AwsAccount = AwsConfig['accounts'][number];
