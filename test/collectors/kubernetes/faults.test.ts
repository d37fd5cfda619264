import { describe, expect, test } from 'vitest';
import { estate } from './estate.ts';
import { attempted, connect, NAMES, operationsOf, pathOfOperation, SCOPE } from './harness.ts';
import { type Fault, PEOPLE, startStub } from './stub.ts';
import { recordsOf } from '../harness.ts';

const CODES: readonly (readonly [Fault, string])[] = [
  ['denied', 'denied'],
  ['unauthorized', 'denied'],
  ['throttled', 'throttled'],
  ['throttled-long', 'throttled'],
  ['error', 'unavailable'],
  ['truncated', 'malformed'],
  ['cut', 'unavailable'],
  ['empty', 'malformed'],
  ['empty-object', 'malformed'],
  ['hang', 'timeout'],
  ['hang-body', 'timeout'],
  ['absent', 'configuration'],
];
const LIST_CODES: readonly (readonly [Fault, string])[] = [
  ['expired', 'incomplete'],
  ['other-kind', 'malformed'],
  ['missing-page', 'incomplete'],
  ['no-token', 'incomplete'],
  ['same-token', 'incomplete'],
  ['other-version', 'incomplete'],
];

/** What each operation of the dataset ends in under the fault. Seconds are short where nothing is answered. */
async function endsOf(dataset: string, fault: Fault, operations: readonly string[]) {
  const requestTimeout = fault.startsWith('hang') ? 0.3 : 20;
  return Promise.all(
    operations.map(async (operation) => {
      await using stub = await startStub(estate());
      stub.faults.set(pathOfOperation(operation), { fault });
      const end = await attempted(stub, dataset, { requestTimeout });
      return { operation, ...end };
    }),
  );
}

const lists = (dataset: string) => operationsOf(dataset).filter((operation) => operation.startsWith('list '));

describe.each(NAMES)('%s', (dataset) => {
  test('is told whole by a healthy API server, by the operations that it declares', async () => {
    await using stub = await startStub(estate());
    const { code, records, told } = await attempted(stub, dataset);
    expect(code).toBe('complete');
    expect(records.length).toBeGreaterThan(0);
    expect([...new Set(told.calls.map(({ operation }) => operation))].sort()).toEqual(
      [...operationsOf(dataset)].sort(),
    );
    expect(
      told.calls.every(({ requestId, throttled }) => requestId?.startsWith('audit-') && !throttled),
    ).toBe(true);
    expect(told.notes.get('clusterUid')).toBe('cluster-uid');
    expect(Math.abs((told.asOf ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });

  test.each(CODES)('under %s every operation ends as %s', async (fault, code) => {
    const ends = await endsOf(dataset, fault, operationsOf(dataset));
    expect(ends.map(({ operation, code: found }) => [operation, found])).toEqual(
      operationsOf(dataset).map((operation) => [operation, code]),
    );
    for (const { message, operation } of ends) {
      expect(message).toContain(operation);
      expect(message).not.toContain(PEOPLE);
    }
  });

  test.each(LIST_CODES)('under %s every list ends as %s', async (fault, code) => {
    const ends = await endsOf(dataset, fault, lists(dataset));
    expect(ends.map(({ operation, code: found }) => [operation, found])).toEqual(
      lists(dataset).map((operation) => [operation, code]),
    );
  });
});

describe('attempts', () => {
  test.each([
    ['throttled', 1],
    ['error', 0],
    ['cut', 0],
  ] as const)('%s once is tried again, and counted', async (fault, throttled) => {
    await using stub = await startStub(estate());
    stub.faults.set('/api/v1/pods', { fault, times: 1 });
    const { source, told } = connect(stub.url);
    expect(await recordsOf(source, 'images', SCOPE)).toHaveLength(4);
    const calls = told.calls.filter(({ operation }) => operation === 'list pods');
    expect(calls).toHaveLength(3);
    expect(calls.filter((call) => call.throttled)).toHaveLength(throttled);
  });

  test('who asks to be left alone for an hour is not waited for', async () => {
    await using stub = await startStub(estate());
    stub.faults.set('/api/v1/pods', { fault: 'throttled-long' });
    const { code, told } = await attempted(stub, 'images', { maxAttempts: 20 });
    expect(code).toBe('throttled');
    expect(told.calls.filter(({ operation }) => operation === 'list pods')).toHaveLength(1);
  });

  test('a refusal is not tried again, and names the rule that is missing', async () => {
    await using stub = await startStub(estate());
    stub.faults.set('/apis/apps/v1/deployments', { fault: 'denied' });
    const { message, told } = await attempted(stub, 'workloads', { maxAttempts: 20 });
    expect(message).toContain('{"apiGroups":["apps"],"resources":["deployments"],"verbs":["list"]}');
    expect(told.calls.filter(({ operation }) => operation === 'list apps/deployments')).toHaveLength(1);
  });

  test('a continue token that expired once starts the list again, and nothing of before is told', async () => {
    const planted = estate();
    await using stub = await startStub(planted);
    for (const path of ['/api/v1/nodes', '/api/v1/pods'])
      stub.faults.set(path, { fault: 'expired', times: 1, continued: true });
    const { source, told } = connect(stub.url);
    expect(await recordsOf(source, 'nodes', SCOPE)).toHaveLength(4);
    expect(told.calls.filter(({ operation }) => operation === 'list nodes')).toHaveLength(4);
    // The pods of the first page are gone when the list is begun again.
    const pods = planted.get('/api/v1/pods')!;
    stub.onFault = () => planted.set('/api/v1/pods', { ...pods, objects: pods.objects.slice(2) });
    expect(await recordsOf(source, 'images', SCOPE)).toMatchObject([{ workload: 'c' }, { workload: 'd' }]);
  });

  test('what is not installed is said so', async () => {
    const planted = estate();
    planted.delete('/apis/velero.io/v1/schedules');
    await using stub = await startStub(planted);
    const { code, message } = await attempted(stub, 'velero');
    expect(code).toBe('configuration');
    expect(message).toContain('velero.io/schedules is not installed in the cluster');
  });

  test.each(['no-date', 'future'] as const)(
    'an answer with %s for its time is no evidence',
    async (fault) => {
      await using stub = await startStub(estate());
      for (const path of [
        '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        '/api/v1/namespaces/kube-system',
        '/api/v1/pods',
      ])
        stub.faults.set(path, { fault });
      expect(await attempted(stub, 'images')).toMatchObject({ code: 'as-of' });
    },
  );

  test('one answer without a time makes the whole no evidence', async () => {
    await using stub = await startStub(estate());
    stub.faults.set('/api/v1/pods', { fault: 'no-date', times: 1, continued: true });
    expect(await attempted(stub, 'images')).toMatchObject({ code: 'as-of' });
  });

  test('the signal ends it wherever it is', async () => {
    await using stub = await startStub(estate());
    stub.faults.set('/api/v1/pods', { fault: 'hang-body' });
    const abort = new AbortController();
    const ended = attempted(stub, 'images', { requestTimeout: 60 }, abort.signal);
    abort.abort();
    expect(await ended).toMatchObject({ code: 'timeout', records: [] });
  });
});
