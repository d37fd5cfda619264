import { expect, test } from 'vitest';
import { allAnswers } from '../engine/world.ts';
import { makeOrganisation, NOW, register, USERS } from './organisation.ts';

test('a state made anew from the log gives the same answers, byte for byte', async () => {
  await using organisation = await makeOrganisation();
  const { stub, world } = organisation;
  const before = await (async () => {
    await using opened = await world.open();
    const { agent } = opened;
    await agent.open();
    await agent.collectOnce();
    // Somebody leaves, and their account stays; then the account can't be read any more.
    await world.write('people.csv', register(USERS + 1, NOW).replace(/^(3,.*),,/m, '$1,2025-01-31,'));
    world.now += 60;
    await agent.collectOnce();
    stub.setFaults({ 'iam:GetAccountAuthorizationDetails': { kind: 'denied' } });
    world.now += 60;
    await agent.collectOnce();
    return await allAnswers(opened);
  })();
  expect(before['deviations']).toContain('leaver-passwords');
  expect(before['runs']).toContain('"reason":"denied"');
  await world.rebuild();
  await using again = await world.open();
  await again.stores.sync();
  expect(await allAnswers(again)).toEqual(before);
}, 120_000);
