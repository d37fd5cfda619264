import { entriesOf, listOf, type Member, membersOf, type Shape, simpleOf, textOf } from './model.ts';

/** `named`: members have the names that the model gives them in JSON (REST), else their own (RPC). */
const nameOf = ({ name, traits }: Member, named: boolean): string =>
  named && typeof traits['jsonName'] === 'string' ? traits['jsonName'] : name;

/** An output as a JSON value. Throws where the model doesn't allow it. */
export function writeJson(shape: Shape, value: unknown, at: string, named: boolean): unknown {
  switch (shape.kind) {
    case 'structure':
      return Object.fromEntries(
        membersOf(shape, value, at).map(({ member, value, at }) => [
          nameOf(member, named),
          writeJson(member.shape, value, at, named),
        ]),
      );
    case 'list':
      return listOf(value, at).map((entry, index) =>
        writeJson(shape.item.shape, entry, `${at}[${index}]`, named),
      );
    case 'map':
      return Object.fromEntries(
        entriesOf(value, at).map(([key, entry]) => [
          key,
          writeJson(shape.value.shape, entry, `${at}.${key}`, named),
        ]),
      );
    default: {
      if (shape.type === 'document') return value;
      const text = textOf(shape.type, value, at, 'epoch');
      if (shape.type === 'timestamp' || shape.type === 'epoch') return Number(text);
      return typeof value === 'number' || typeof value === 'boolean' ? value : text;
    }
  }
}

/** An input as the command was given it. */
export function readJson(shape: Shape, value: unknown, named: boolean): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'structure': {
      const given = new Map(entriesOf(value, shape.name));
      return Object.fromEntries(
        shape.members.flatMap((member) => {
          const here = given.get(nameOf(member, named));
          return here === undefined ? [] : [[member.name, readJson(member.shape, here, named)]];
        }),
      );
    }
    case 'list':
      return listOf(value, shape.name).map((entry) => readJson(shape.item.shape, entry, named));
    case 'map':
      return Object.fromEntries(
        entriesOf(value, shape.name).map(([key, entry]) => [key, readJson(shape.value.shape, entry, named)]),
      );
    default:
      return typeof value === 'string' || typeof value === 'number'
        ? simpleOf(shape.type, String(value))
        : value;
  }
}
