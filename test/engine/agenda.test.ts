import { describe, expect, test } from 'vitest';
import type { CollectorErrorCode } from '../../src/collectors/error.ts';
import type { CollectorConfig, DatasetConfig } from '../../src/config/contract.ts';
import { createAgenda } from '../../src/engine/agenda.ts';

const dataset = (name: string, schedule = 'every 4h', cadence = 14_400): DatasetConfig => ({
  dataset: name,
  schedule,
  cadence,
  freshness: 2 * cadence,
  minRecords: 1,
  maxShrink: 0.1,
  deadline: 60,
});
const collector = (name: string, ...datasets: DatasetConfig[]): CollectorConfig => ({
  name,
  type: 'aws',
  settings: {},
  datasets,
});
const never = () => undefined;
const failed = (code: CollectorErrorCode, scope = 's') => ({ scope, failure: { code, detail: '' } });
const NOW = 1_800_000_000;

describe('the agenda', () => {
  test('gives what was never collected at once, the datasets of one collector together', () => {
    const agenda = createAgenda(
      [collector('a', dataset('x'), dataset('y')), collector('b', dataset('z'))],
      NOW,
      () => 0,
      never,
    );
    const due = agenda.take(NOW);
    expect(due.map((item) => [item.collector.name, item.datasets.map((d) => d.dataset)])).toEqual([
      ['a', ['x', 'y']],
      ['b', ['z']],
    ]);
    expect(agenda.take(NOW)).toEqual([]);
    expect(agenda.nextAt()).toBeUndefined();
  });

  test('collects on demand what is not being collected, once, and goes on by the schedule', () => {
    const agenda = createAgenda(
      [collector('a', dataset('x'), dataset('y')), collector('b', dataset('z'))],
      NOW,
      () => 0,
      () => NOW - 60,
    );
    expect(agenda.demand('c', NOW)).toBeUndefined();
    expect(agenda.demand('a', NOW)?.map(({ state }) => state)).toEqual(['due', 'due']);
    expect(agenda.take(NOW).map(({ datasets }) => datasets.map((d) => d.dataset))).toEqual([['x', 'y']]);
    agenda.done('a', 'x', [], NOW);
    expect(agenda.demand('a', NOW)?.map(({ state }) => state)).toEqual(['due', 'running']);
    expect(agenda.take(NOW).map(({ datasets }) => datasets.map((d) => d.dataset))).toEqual([['x']]);
    agenda.done('a', 'x', [], NOW);
    agenda.done('a', 'y', [], NOW);
    expect(agenda.nextAt()).toBe(NOW - 60 + 14_400);
  });

  test('puts a collected dataset at its next firing, with at most a minute of jitter', () => {
    const agenda = createAgenda([collector('a', dataset('x'))], NOW, () => 0.999, never);
    agenda.take(NOW);
    agenda.done('a', 'x', [], NOW + 5);
    expect(agenda.nextAt()).toBe(NOW + 5 + 14_400 + 59);
  });

  test('fires a cron expression in UTC', () => {
    const agenda = createAgenda([collector('a', dataset('x', '30 2 * * *', 86_400))], NOW, () => 0, never);
    agenda.take(NOW);
    agenda.done('a', 'x', [], NOW);
    expect(new Date(agenda.nextAt()! * 1000).toISOString()).toMatch(/T02:30:00/);
  });

  test('does not collect again after a restart what is not due yet', () => {
    const agenda = createAgenda(
      [collector('a', dataset('x'))],
      NOW,
      () => 0,
      () => NOW - 600,
    );
    expect(agenda.take(NOW)).toEqual([]);
    expect(agenda.nextAt()).toBe(NOW - 600 + 14_400);
  });

  test('tries again sooner after an outage, later with each failure in a row, and never later than the schedule', () => {
    const agenda = createAgenda([collector('a', dataset('x'))], NOW, () => 0, never);
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      agenda.take(agenda.nextAt()!);
      agenda.done('a', 'x', [failed('unavailable')], NOW);
      return agenda.nextAt()! - NOW;
    });
    expect(delays).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600]);
  });

  test('waits for the schedule after a failure that a person must repair', () => {
    const agenda = createAgenda([collector('a', dataset('x'))], NOW, () => 0, never);
    agenda.take(NOW);
    agenda.done('a', 'x', [failed('malformed')], NOW);
    expect(agenda.nextAt()).toBe(NOW + 14_400);
  });

  test('tries again only where it failed, and everywhere at the next firing', () => {
    const agenda = createAgenda([collector('a', dataset('x'))], NOW, () => 0, never);
    const scopes = (at: number) => agenda.take(at).flatMap((due) => due.datasets.map((item) => item.scopes));
    expect(scopes(NOW)).toEqual([undefined]);
    agenda.done('a', 'x', [failed('timeout', 'one'), failed('malformed', 'two')], NOW);
    expect(scopes(NOW + 60)).toEqual([['one']]);
    agenda.done('a', 'x', [failed('timeout', 'one')], NOW + 60);
    expect(agenda.nextAt()).toBe(NOW + 60 + 120);
    expect(scopes(NOW + 14_400)).toEqual([undefined]);
    agenda.done('a', 'x', [], NOW + 14_400);
    expect(agenda.nextAt()).toBe(NOW + 2 * 14_400);
  });

  test('tries everything again where it could not tell what there is', () => {
    const agenda = createAgenda([collector('a', dataset('x'))], NOW, () => 0, never);
    agenda.take(NOW);
    agenda.done('a', 'x', [failed('unavailable', '*')], NOW);
    expect(agenda.take(NOW + 60).flatMap((due) => due.datasets.map((item) => item.scopes))).toEqual([
      undefined,
    ]);
  });

  test('on another configuration keeps what stays and starts what is new or changed', () => {
    const agenda = createAgenda([collector('a', dataset('x'), dataset('y'))], NOW, () => 0, never);
    agenda.take(NOW);
    agenda.done('a', 'x', [], NOW);
    agenda.done('a', 'y', [], NOW);
    agenda.replace(
      [collector('a', dataset('x'), dataset('y', 'every 1h', 3600)), collector('c', dataset('z'))],
      NOW + 1,
    );
    expect(
      agenda.take(NOW + 1).map((item) => [item.collector.name, item.datasets.map((d) => d.dataset)]),
    ).toEqual([
      ['a', ['y']],
      ['c', ['z']],
    ]);
  });
});
