import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../../src/config/contract.ts';
import type { ConfigError } from '../../src/config/error.ts';
import { watchConfig } from '../../src/config/watch.ts';
import { agent, directory, manifest, options } from './harness.ts';

const collector = (name: string) => manifest('Collector', name, '{ plugin: fake }');

/** A watch whose reports can be waited for, one after the other. */
function watching(path: string) {
  const reports: (Config | ConfigError)[] = [];
  let arrived = Promise.withResolvers<void>();
  const report = (what: Config | ConfigError) => {
    reports.push(what);
    arrived.resolve();
  };
  const watch = watchConfig({
    directory: path,
    options: () => options,
    onConfig: report,
    onError: report,
    settle: 20,
    poll: 50,
  });
  return {
    reports,
    ready: watch.ready,
    async next(): Promise<Config | ConfigError> {
      for (;;) {
        const first = reports.shift();
        if (first !== undefined) {
          return first;
        }
        await arrived.promise;
        arrived = Promise.withResolvers();
      }
    },
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}

function names(report: Config | ConfigError): readonly string[] {
  return report instanceof Error ? [report.message] : report.collectors.map(({ name }) => name);
}

test('a change is told as the whole new configuration', async () => {
  await using made = await directory({ 'annexa.yaml': agent });
  await using watch = watching(made.path);
  await watch.ready;
  await made.write({ 'a.yaml': collector('a') });
  expect(names(await watch.next())).toEqual(['a']);
  await made.write({ 'deep/down/b.yaml': collector('b') });
  expect(names(await watch.next())).toEqual(['a', 'b']);
  await rm(join(made.path, 'a.yaml'));
  expect(names(await watch.next())).toEqual(['b']);
});

test('a configuration with an error is told as that error, and the next good one follows', async () => {
  await using made = await directory({ 'annexa.yaml': agent });
  await using watch = watching(made.path);
  await watch.ready;
  await made.write({ 'a.yaml': 'kind: Nothing' });
  expect(names(await watch.next())[0]).toContain('a.yaml');
  await made.write({ 'a.yaml': collector('a') });
  expect(names(await watch.next())).toEqual(['a']);
});

test('a directory that goes away is an error, and coming back as it was is told again', async () => {
  await using made = await directory({ 'conf/annexa.yaml': agent });
  await using watch = watching(join(made.path, 'conf'));
  await watch.ready;
  await rename(join(made.path, 'conf'), join(made.path, 'away'));
  expect(names(await watch.next())[0]).toContain('a directory of manifests');
  await rename(join(made.path, 'away'), join(made.path, 'conf'));
  expect(names(await watch.next())).toEqual([]);
});

test("the swap of a mounted ConfigMap's data is one change", async () => {
  await using made = await directory({
    '..2026_1/annexa.yaml': agent,
    '..2026_1/c.yaml': collector('old'),
    '..2026_2/annexa.yaml': agent,
    '..2026_2/c.yaml': collector('new'),
  });
  const at = (name: string) => join(made.path, name);
  await symlink('..2026_1', at('..data'));
  await symlink('..data/annexa.yaml', at('annexa.yaml'));
  await symlink('..data/c.yaml', at('c.yaml'));
  await using watch = watching(made.path);
  await watch.ready;
  await symlink('..2026_2', at('..data_tmp'));
  await rename(at('..data_tmp'), at('..data'));
  await rm(at('..2026_1'), { recursive: true });
  expect(names(await watch.next())).toEqual(['new']);
  expect(watch.reports).toEqual([]);
});

test('what is not a manifest changes nothing', async () => {
  await using made = await directory({ 'annexa.yaml': agent });
  await using watch = watching(made.path);
  await watch.ready;
  await mkdir(join(made.path, 'estate'));
  await writeFile(join(made.path, 'estate', 'a.yaml'), 'x');
  await writeFile(join(made.path, 'annexa.yaml.swp'), 'x');
  await made.write({ 'a.yaml': collector('a') });
  expect(names(await watch.next())).toEqual(['a']);
});

test('files that link back to their own directory are refused, not followed', async () => {
  await using made = await directory({ 'annexa.yaml': agent });
  await using watch = watching(made.path);
  await watch.ready;
  await symlink('.', join(made.path, 'loop'));
  expect(names(await watch.next())[0]).toContain('a directory inside itself');
});
