import type { GetEventSelectorsResponse } from '@aws-sdk/client-cloudtrail';
import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import { read } from '../../read.ts';

const OPERATION = 'cloudtrail:GetEventSelectors';

/** What a trail takes of each class of events: `reads` and `writes` only where it takes every management event of that class. */
export interface Taken {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly data: boolean;
}

const words = z.array(z.string()).default([]);

const classic = z.object({
  ReadWriteType: z.enum(['All', 'ReadOnly', 'WriteOnly']),
  IncludeManagementEvents: z.boolean(),
  DataResources: z.array(z.unknown()).default([]),
  ExcludeManagementEventSources: words,
});

const field = z.object({
  Field: z.string().min(1),
  Equals: words,
  StartsWith: words,
  EndsWith: words,
  NotEquals: words,
  NotStartsWith: words,
  NotEndsWith: words,
});
type Field = z.output<typeof field>;

const advanced = z.object({ FieldSelectors: z.array(field).min(1) });

/**
 * Event selectors are of one of two forms, never both. Events that any of them takes are taken.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
 */
export function takenBy(trail: string, answer: GetEventSelectorsResponse): Taken {
  const { EventSelectors: old = [], AdvancedEventSelectors: fine = [] } = answer;
  if (old.length === 0 && fine.length === 0)
    throw new CollectorError('malformed', `${OPERATION}: ${trail}: the answer has no selectors`);
  const each = [
    ...old.map((selector) => ofClassic(read(OPERATION, trail, classic, selector))),
    ...fine.map((selector) => ofAdvanced(read(OPERATION, trail, advanced, selector).FieldSelectors)),
  ];
  return {
    reads: each.some(({ reads }) => reads),
    writes: each.some(({ writes }) => writes),
    data: each.some(({ data }) => data),
  };
}

/** A source left out, such as kms.amazonaws.com, is a part of the management events that is not taken. */
function ofClassic(selector: z.output<typeof classic>): Taken {
  const whole = selector.IncludeManagementEvents && selector.ExcludeManagementEventSources.length === 0;
  return {
    reads: whole && selector.ReadWriteType !== 'WriteOnly',
    writes: whole && selector.ReadWriteType !== 'ReadOnly',
    data: selector.DataResources.length > 0,
  };
}

/** Conditions are joined by AND: any but those on category and readOnly leaves events out. */
function ofAdvanced(fields: readonly Field[]): Taken {
  const category = valueOf(fields, 'eventCategory');
  if (category === undefined)
    throw new CollectorError('malformed', `${OPERATION}: an advanced selector names no eventCategory`);
  const rest = fields.filter(({ Field: name }) => name !== 'eventCategory' && name !== 'readOnly');
  const whole = category === 'Management' && rest.length === 0;
  const named = fields.some(({ Field: name }) => name === 'readOnly');
  const readOnly = named ? valueOf(fields, 'readOnly') : 'both';
  return {
    reads: whole && (readOnly === 'both' || readOnly === 'true'),
    writes: whole && (readOnly === 'both' || readOnly === 'false'),
    data: category === 'Data',
  };
}

/** The one value that a field must have; undefined where the condition is any other. */
function valueOf(fields: readonly Field[], name: string): string | undefined {
  const found = fields.filter(({ Field: known }) => known === name);
  const [only] = found;
  if (found.length !== 1 || only === undefined || only.Equals.length !== 1) return undefined;
  const others = [only.StartsWith, only.EndsWith, only.NotEquals, only.NotStartsWith, only.NotEndsWith];
  return others.every((list) => list.length === 0) ? only.Equals[0] : undefined;
}
