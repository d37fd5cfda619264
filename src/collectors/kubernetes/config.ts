import { z } from 'zod';
import { secretRef } from '../secret-ref.ts';
import { labelSelector, takesAll } from './selector.ts';

/** The section of a Collector manifest whose `type` is `kubernetes`. */
export const kubernetesConfig = z
  .strictObject({
    /** What the organisation calls the cluster: the scope of every record. */
    cluster: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
        'expected up to 63 letters, digits and . _ -, such as prod',
      ),
    /** How to reach it; absent: from within, as the service account of the agent's own pod. */
    kubeconfig: secretRef.optional(),
    /** A context of the kubeconfig; absent: its current one. */
    context: z.string().min(1).optional(),
    /** Objects on a page. */
    pageSize: z.int().min(1).max(5000).default(250),
    /** Attempts of one call, the first included. */
    maxAttempts: z.int().min(1).max(20).default(4),
    /** Seconds that one attempt may take, its body included. */
    requestTimeout: z.number().positive().max(300).default(30),
    /** Backups that CronJobs make. */
    backups: z
      .strictObject({
        /** Which CronJobs make backups: a label selector of the API, such as `{ matchLabels: { purpose: backup } }`. */
        cronJobSelector: z
          .strictObject(labelSelector.shape)
          .refine((selector) => !takesAll(selector), 'expected matchLabels or matchExpressions'),
      })
      .optional(),
  })
  .superRefine(({ kubeconfig, context }, issues) => {
    if (context !== undefined && kubeconfig === undefined)
      issues.addIssue({ code: 'custom', path: ['context'], message: 'expected kubeconfig beside context' });
  })
  .readonly();

export type KubernetesConfig = z.infer<typeof kubernetesConfig>;
