import { z } from 'zod';

/** How a manifest names a secret (`SecretRef` of the contract): never its value. */
export const secretRef = z.union([
  z.strictObject({
    env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable'),
  }),
  z.strictObject({ file: z.string().min(1) }),
]);
