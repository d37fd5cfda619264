import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kindOf } from '../../../src/collectors/register/config.ts';
import { fieldsOf } from '../../../src/collectors/register/field.ts';
import { datasets, registers } from '../../../src/collectors/register/registers.ts';

const instants = new Map(
  registers.flatMap(({ kind }) =>
    fieldsOf(kindOf(kind)).flatMap(({ name, form }) =>
      form.type === 'instant' ? [[`${kind}.${name}`, form] as const] : [],
    ),
  ),
);

describe('what a day means', () => {
  test('is its end for what is due, next, planned, valid until it or listed as of it; its start for all else', () => {
    const end = [...instants].flatMap(([name, { day }]) => (day === 'end' ? [name] : []));
    expect(end).toEqual([
      'training_record.valid_until',
      'document.next_review_at',
      'supplier.next_review_at',
      'risk.next_review_at',
      'risk.treatment_due_at',
      'incident.notification_due_at',
      'access_review.listed_as_of',
      'internal_audit.planned_at',
      'management_review.planned_at',
      'management_review.next_at',
      'corrective_action.due_at',
      'exercise.planned_at',
      'exercise.next_at',
      'maintenance_record.due_at',
      'threat_item.action_due_at',
    ]);
  });

  test('may lie ahead of the register for what is to come alone', () => {
    const ahead = [...instants].flatMap(([name, form]) => (form.ahead ? [name] : []));
    const due = [...instants].flatMap(([name, { day }]) => (day === 'end' ? [name] : []));
    expect(ahead.toSorted()).toEqual(
      [
        ...due.filter((name) => name !== 'access_review.listed_as_of'),
        'supplier.service_started_at',
      ].toSorted(),
    );
  });

  test('is known of every whole number that is no duration', () => {
    const numbers = registers.flatMap(({ kind }) =>
      fieldsOf(kindOf(kind)).flatMap(({ name, form }) => (form.type === 'number' ? [`${kind}.${name}`] : [])),
    );
    expect(numbers).toEqual([]);
  });
});

test('each register has a dataset, a section and a kind of its own', () => {
  for (const key of ['dataset', 'section', 'kind'] as const)
    expect(new Set(registers.map((register) => register[key])).size).toBe(registers.length);
  expect(datasets.map(({ needs }) => needs)).toEqual(registers.map(({ section }) => section));
});

test('the readme lists every register', async () => {
  const readme = await readFile(
    join(import.meta.dirname, '../../../src/collectors/register/README.md'),
    'utf8',
  );
  for (const { section, dataset, kind } of registers)
    expect(readme).toContain(`| \`${section}\` | \`${dataset}\` | \`${kind}\` |`);
});
