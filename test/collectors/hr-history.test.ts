import { describe, expect, test } from 'vitest';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import { at, type Collected, collectText, header } from './hr-harness.ts';

/** Exports of successive days, each collected with the snapshot that the one before gave. */
async function history(exports: readonly (readonly [day: string, rows: string])[]): Promise<Collected> {
  let last: Collected | undefined;
  for (const [day, rows] of exports) {
    last = await collectText(`${header}\n${rows}`, {
      settings: { asOf: { declared: day } },
      previous: last && { asOf: last.asOf ?? 0, records: last.records },
    });
  }
  if (last === undefined) {
    throw new Error('no exports');
  }
  return last;
}

const ann = '1,ann@acme.example,octoann,employed,2020-01-01,\n';
const annLeaves = '1,ann@acme.example,octoann,employed,2020-01-01,2026-11-05\n';
const bob = '2,,,employed,,\n';
const noon = (day: string) => at(`${day}T00:00:00Z`);

describe('when HR told of a departure', () => {
  test('is the first export that had that last day', async () => {
    const { departures } = await history([
      ['2026-11-01', ann],
      ['2026-11-02', annLeaves],
      ['2026-11-09', annLeaves],
    ]);
    expect(departures.get('hr:acme:1')).toMatchObject({
      at: at('2026-11-05T23:59:59Z'),
      at_known: true,
      recorded_at: noon('2026-11-02'),
    });
  });

  test('is told anew when the last day changes', async () => {
    const { departures } = await history([
      ['2026-11-02', annLeaves],
      ['2026-11-03', annLeaves.replace('11-05', '11-30')],
    ]);
    expect(departures.get('hr:acme:1')).toMatchObject({
      at: at('2026-11-30T23:59:59Z'),
      recorded_at: noon('2026-11-03'),
    });
  });

  test('somebody who is hired again has no departure', async () => {
    const { departures, people } = await history([
      ['2026-11-02', annLeaves],
      ['2026-11-10', ann],
    ]);
    expect(departures.size).toBe(0);
    expect(people.get('hr:acme:1')?.status).toBe('active');
  });
});

describe('somebody whom the export no longer lists', () => {
  test('has vanished at the last export that listed them, logins kept', async () => {
    const { departures, people, notes } = await history([
      ['2026-11-01', ann + bob],
      ['2026-11-02', ann + bob],
      ['2026-11-05', bob],
    ]);
    expect(people.get('hr:acme:1')).toMatchObject({
      status: 'vanished',
      email: 'ann@acme.example',
      logins: ['octoann'],
    });
    expect(departures.get('hr:acme:1')).toMatchObject({
      at: noon('2026-11-02'),
      at_known: false,
      recorded_at: noon('2026-11-05'),
    });
    expect(notes['listed']).toBe(1);
  });

  test('is carried forward as they vanished, as long as they do not come back', async () => {
    const gone = [
      ['2026-11-02', ann + bob],
      ['2026-11-05', bob],
    ] as const;
    const once = await history(gone);
    const later = await history([...gone, ['2026-11-06', bob], ['2026-11-10', bob]]);
    expect(later.records).toEqual(once.records);
    const back = await history([...gone, ['2026-11-06', ann + bob]]);
    expect(back.people.get('hr:acme:1')?.status).toBe('active');
    expect(back.departures.size).toBe(0);
  });

  test('keeps a last day that had passed: a register that deletes leavers does not move it', async () => {
    const { departures, people } = await history([
      ['2026-11-02', annLeaves + bob],
      ['2026-11-10', annLeaves + bob],
      ['2026-11-12', bob],
    ]);
    expect(people.get('hr:acme:1')?.status).toBe('left');
    expect(departures.get('hr:acme:1')).toMatchObject({
      at: at('2026-11-05T23:59:59Z'),
      at_known: true,
      recorded_at: noon('2026-11-02'),
    });
  });

  test('does not keep a last day that was still to come', async () => {
    const { departures, people } = await history([
      ['2026-11-02', annLeaves + bob],
      ['2026-11-03', bob],
    ]);
    expect(people.get('hr:acme:1')?.status).toBe('vanished');
    expect(departures.get('hr:acme:1')).toMatchObject({ at: noon('2026-11-02'), at_known: false });
  });

  test('somebody marked as left without a day departed at the last export that had them here', async () => {
    const left = ann.replace('employed', 'gone');
    const { departures } = await history([
      ['2026-11-01', ann],
      ['2026-11-04', left],
      ['2026-11-05', left],
    ]);
    expect(departures.get('hr:acme:1')).toMatchObject({
      at: noon('2026-11-01'),
      at_known: false,
      recorded_at: noon('2026-11-04'),
    });
  });

  test('an emptied export still lists nobody, whoever is carried over', async () => {
    const { notes, people } = await history([
      ['2026-11-01', ann + bob],
      ['2026-11-02', ''],
    ]);
    expect(notes['listed']).toBe(0);
    expect([...people.values()].map(({ status }) => status)).toEqual(['vanished', 'vanished']);
  });
});

test('the same file on the same snapshot gives the same records, byte for byte', async () => {
  const text = `${header}\n${annLeaves}${bob}3,,,gone,,\n`;
  const first = await collectText(text);
  const previous = { asOf: first.asOf ?? 0, records: first.records };
  const again = await collectText(text, { previous });
  expect(JSON.stringify(again.records)).toBe(JSON.stringify(first.records));
});

test('a snapshot with records of another kind is refused', async () => {
  const strange: InventoryRecord = { id: 'hr:acme:1', kind: 'identity', source: 'hr', scope: 'acme' };
  const failure = collectText(`${header}\n${bob}`, { previous: { asOf: 0, records: [strange] } });
  await expect(failure).rejects.toMatchObject({ code: 'internal' });
});
