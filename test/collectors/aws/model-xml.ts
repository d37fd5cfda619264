import { entriesOf, listOf, type Member, membersOf, type Shape, textOf } from './model.ts';

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const BOUND = [
  'httpHeader',
  'httpPrefixHeaders',
  'httpPayload',
  'httpResponseCode',
  'httpLabel',
  'httpQuery',
];
export const isBound = (member: Member): boolean => BOUND.some((name) => name in member.traits);

const named = (traits: Member['traits'], otherwise: string): string =>
  typeof traits['xmlName'] === 'string' ? traits['xmlName'] : otherwise;

/** The elements of an output that go in the body. Throws where the model doesn't allow it. */
export function writeMembers(shape: Shape, value: unknown, at: string): string {
  return membersOf(shape, value, at)
    .filter(({ member }) => !isBound(member) && !('xmlAttribute' in member.traits))
    .map(({ member, value, at }) => writeMember(member, value, at))
    .join('');
}

function writeMember(member: Member, value: unknown, at: string): string {
  const { shape, traits } = member;
  const name = named(traits, member.name);
  if (shape.kind !== 'list' || !('xmlFlattened' in traits)) return element(name, shape, value, at);
  return listOf(value, at)
    .map((entry, index) => element(name, shape.item.shape, entry, `${at}[${index}]`))
    .join('');
}

/** One element with all that is in it. */
export function element(name: string, shape: Shape, value: unknown, at: string): string {
  return `<${name}${attributes(shape, value, at)}>${content(shape, value, at)}</${name}>`;
}

function attributes(shape: Shape, value: unknown, at: string): string {
  if (shape.kind !== 'structure') return '';
  return membersOf(shape, value, at)
    .filter(({ member }) => 'xmlAttribute' in member.traits)
    .map(({ member, value }) => ` ${named(member.traits, member.name)}="${escape(String(value))}"`)
    .join('');
}

function content(shape: Shape, value: unknown, at: string): string {
  switch (shape.kind) {
    case 'structure':
      return writeMembers(shape, value, at);
    case 'list': {
      const name = named({ ...shape.item.shape.traits, ...shape.item.traits }, 'member');
      return listOf(value, at)
        .map((entry, index) => element(name, shape.item.shape, entry, `${at}[${index}]`))
        .join('');
    }
    case 'map': {
      const { key, value: item } = shape;
      return entriesOf(value, at)
        .map(
          ([name, entry]) =>
            `<entry>${element(named(key.traits, 'key'), key.shape, name, at)}` +
            `${element(named(item.traits, 'value'), item.shape, entry, `${at}.${name}`)}</entry>`,
        )
        .join('');
    }
    default:
      return escape(textOf(shape.type, value, at, 'date-time'));
  }
}
