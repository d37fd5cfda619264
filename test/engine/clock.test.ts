import { describe, expect, test } from 'vitest';
import { createClock } from '../../src/engine/clock.ts';

const NOW = 1_790_000_000;
const DAY = 86_400;

/** A machine whose clock can be set, beside one that nobody sets. */
function machine(at = NOW) {
  const state = { system: at, elapsed: 1000 };
  const clock = createClock({ system: () => state.system, elapsed: () => state.elapsed });
  return {
    clock,
    pass: (seconds: number) => {
      state.system += seconds;
      state.elapsed += seconds;
    },
    set: (seconds: number) => void (state.system += seconds),
    system: () => state.system,
  };
}

test('is this machine’s, and follows small corrections at once', () => {
  const { clock, pass, set, system } = machine();
  pass(60);
  set(-200);
  expect(clock.now()).toBe(system());
  expect(clock.doubt()).toBeUndefined();
});

describe.each([
  ['forward', DAY],
  ['back', -DAY],
])('set %s by a day', (way, by) => {
  test('goes on as it was, in doubt, and believes again once that is undone', () => {
    const { clock, pass, set } = machine();
    set(by);
    pass(60);
    expect(clock.now()).toBe(NOW + 60);
    expect(clock.doubt()).toContain(`was set ${way} by ${DAY} s`);
    set(-by);
    expect(clock.doubt()).toBeUndefined();
    expect(clock.now()).toBe(NOW + 60);
  });

  test('is followed at once when another clock confirms it', () => {
    const { clock, set, system } = machine();
    set(by);
    clock.heard(NOW);
    expect(clock.doubt()).toBeDefined();
    clock.heard(NOW + by + 120);
    expect(clock.doubt()).toBeUndefined();
    expect(clock.now()).toBe(system());
  });

  test('is followed after an hour when nobody says anything', () => {
    const { clock, pass, set, system } = machine();
    set(by);
    clock.doubt();
    pass(3590);
    expect(clock.now()).toBe(NOW + 3590);
    pass(20);
    expect(clock.now()).toBe(system());
  });

  test('is not followed while a proven time speaks against it', () => {
    const { clock, pass, set } = machine();
    set(by);
    clock.heard(NOW, 'timestamp authority x');
    pass(2 * 3600);
    expect(clock.doubt()).toContain(`set ${way}`);
    expect(clock.now()).toBe(NOW + 2 * 3600);
  });
});

test('set back and followed, it is doubted until it has passed what was sealed, and nothing is judged by an earlier time', () => {
  const { clock, pass, set } = machine();
  clock.sealed(NOW - 60);
  clock.sealed(NOW);
  set(-DAY);
  clock.doubt();
  pass(3600);
  expect(clock.doubt()).toContain('before the last sealed entry');
  expect(clock.judged()).toBe(NOW);
  pass(DAY - 3600);
  expect(clock.doubt()).toBeUndefined();
});

describe('at the start, before the last sealed entry', () => {
  test('it is doubted until it has passed that', () => {
    const { clock, pass } = machine();
    clock.sealed(NOW + DAY);
    expect(clock.doubt()).toContain(`stands ${DAY} s before the last sealed entry`);
    expect(clock.judged()).toBe(NOW + DAY);
    pass(DAY - 200);
    expect(clock.doubt()).toBeUndefined();
  });

  test('it is believed as soon as it is set to where the log left off', () => {
    const { clock, set, system } = machine();
    clock.sealed(NOW + DAY);
    expect(clock.doubt()).toBeDefined();
    set(DAY);
    expect(clock.doubt()).toBeUndefined();
    expect(clock.now()).toBe(system());
  });

  test('it is believed when another clock confirms it: then what was sealed is of a time to come', () => {
    const { clock } = machine();
    clock.sealed(NOW + DAY);
    clock.heard(NOW + 100, 'timestamp authority x');
    expect(clock.doubt()).toBeUndefined();
    expect(clock.judged()).toBe(NOW);
  });

  test('five minutes are no doubt', () => {
    const { clock } = machine();
    clock.sealed(NOW + 299);
    expect(clock.doubt()).toBeUndefined();
  });
});

test('who differs makes doubt only where the time is proven, and nobody has confirmed ours', () => {
  const { clock } = machine();
  clock.heard(NOW - DAY);
  expect(clock.doubt()).toBeUndefined();
  clock.heard(NOW - DAY, 'timestamp authority x');
  expect(clock.doubt()).toContain(`timestamp authority x says a time ${DAY} s earlier`);
  clock.heard(NOW + 10, 'witness y');
  expect(clock.doubt()).toBeUndefined();
  clock.heard(NOW - DAY, 'timestamp authority x');
  expect(clock.doubt()).toBeUndefined();
});
