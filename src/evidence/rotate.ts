import type { KeyInForce } from './contract.ts';
import { EvidenceError } from './error.ts';
import type { EvidenceKeys } from './keys.ts';
import { bodyKeyId, type Keyring } from './keyring.ts';
import { configAfter, type PlanContext, planRotations } from './plan.ts';
import { fingerprint, publicKeyObject } from './public-keys.ts';
import { parseRotation, type RotationFields } from './statement.ts';
import { createView } from './view.ts';
import type { Writer, WriterContext } from './writer.ts';

/** Fingerprints of a key as given and of the one given as its predecessor; the SPKI of the first, null for a body key. */
interface Given {
  readonly key: string;
  readonly previous: string | undefined;
  readonly spki: Uint8Array | null;
}

/**
 * The rotations that lead from the keys in force to those given (docs/adr/0016), in their order; none when they are in force already. Throws
 * `foreign-key`, with the fingerprint expected, for a key that neither is in force nor follows, by `previous`, the one that is.
 */
export function rotationsTo({ previous = {}, ...keys }: EvidenceKeys, keyring: Keyring): RotationFields[] {
  const signer = (use: 'envelope' | 'checkpoint'): Given => {
    const before = previous[use]?.spki;
    const { spki } = keys[use];
    return { key: fingerprint(spki), previous: before && fingerprint(before), spki };
  };
  const before = previous.body;
  const body = { key: bodyKeyId(keys.body), previous: before && bodyKeyId(before), spki: null };
  const inForce = keyring.list();
  const of = (use: KeyInForce['use']) => inForce.filter((key) => key.use === use);
  return [
    ...replaced('envelope', of('envelope').at(-1), signer('envelope')),
    ...checkpointSteps(of('checkpoint'), signer('checkpoint')),
    ...bodySteps(keyring, of('body').at(-1), body),
  ];
}

function checkpointSteps(inForce: readonly KeyInForce[], given: Given): RotationFields[] {
  const [first, second] = inForce;
  if (second === undefined) return replaced('checkpoint', first, given);
  if (given.key !== second.fingerprint) throw foreign('checkpoint', second.fingerprint, given.key);
  if (given.previous === undefined) return [rotation('checkpoint', 'end', first!.fingerprint, given)];
  if (given.previous === first!.fingerprint) return [];
  throw foreign('previous checkpoint', first!.fingerprint, given.previous);
}

function bodySteps(keyring: Keyring, inForce: KeyInForce | undefined, given: Given): RotationFields[] {
  // The log knows no body key before its first rotation.
  if (inForce === undefined && (given.previous === undefined || given.previous === given.key)) return [];
  const steps = replaced('body', inForce, given);
  if (steps.length > 0 || given.previous !== undefined) return steps;
  const left = keyring
    .history()
    .filter(({ use, until, destroyed }) => use === 'body' && until !== null && !destroyed);
  return left.map(({ fingerprint: from }) => rotation('body', 'destroy', from, given));
}

function replaced(use: KeyInForce['use'], inForce: KeyInForce | undefined, given: Given): RotationFields[] {
  const from = inForce?.fingerprint ?? given.previous;
  if (from === undefined || from === given.key) return [];
  if (from !== given.previous) throw foreign(use, from, given.key);
  return [rotation(use, use === 'checkpoint' ? 'begin' : 'replace', from, given)];
}

function rotation(
  use: KeyInForce['use'],
  step: RotationFields['step'],
  from: string,
  { key: to, spki }: Given,
): RotationFields {
  const key = spki === null ? null : Buffer.from(spki).toString('base64');
  return parseRotation({ use, step, from, to, key });
}

function foreign(use: string, expected: string, given: string): EvidenceError {
  return new EvidenceError('foreign-key', `the log's ${use} key is ${expected}; the one given is ${given}`);
}

/** Seals the rotations that the keys given ask for. Throws `foreign-key` for keys that aren't the log's. */
export async function rotateKeys(
  keys: EvidenceKeys,
  context: WriterContext & PlanContext,
  writer: Writer,
): Promise<void> {
  const { store, identity } = context;
  const rotations = rotationsTo(keys, identity.keys);
  if (rotations.length === 0) return;
  const { size } = writer.head().edge;
  const last = await createView(store, identity, () => writer.head()).entry(size - 1);
  const outcomes = await store.create(
    [keys.envelope, keys.checkpoint].map(({ spki }) => publicKeyObject(spki)),
  );
  if (outcomes.includes('differs'))
    throw new EvidenceError('corrupt', 'keys/ holds other bytes than the keys');
  await writer.commit((head) =>
    // Another writer may have rotated meanwhile.
    planRotations(rotationsTo(keys, identity.keys), configAfter(last), context, head),
  );
}
