import { z } from 'zod';

/** Unix seconds of a time as GitHub writes it. */
export const time = z.iso.datetime({ offset: true }).transform((text) => Math.floor(Date.parse(text) / 1000));

/** GitHub's numbers for what it holds; the SDK reads those beyond 2^53 as bigint, which none is. */
export const databaseId = z.int().positive();

export const login = z.string().min(1);
