import { z } from 'zod';
import type { Unit } from './mapping.ts';

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };
const pattern = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)?$/;

/** Whole seconds of `4h`, or of a number in the unit; undefined for anything else. */
export function durationOf(text: string, unit: Unit | undefined): number | undefined {
  const [, amount, own = unit] = pattern.exec(text) ?? [];
  if (amount === undefined || own === undefined) return undefined;
  const length = Number(amount) * (seconds[own] ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

export const durationText = z
  .string()
  .refine((text) => durationOf(text, undefined) !== undefined, 'expected a duration such as 30m, 4h or 2d');
