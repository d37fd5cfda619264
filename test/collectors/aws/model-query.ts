import { type Member, type Shape, simpleOf } from './model.ts';

/**
 * An input as the command was given it, from the form that the SDK made of it: `A.member.1.B` where lists are named, `A.1.B` where they are
 * flat, as EC2's always are.
 */
export function readForm(shape: Shape, form: URLSearchParams, ec2: boolean): object {
  const read = readMember(shape, form, '', ec2, false);
  return typeof read === 'object' && read !== null ? read : {};
}

function keyOf({ name, traits }: Member, ec2: boolean): string {
  if (ec2 && typeof traits['ec2QueryName'] === 'string') return traits['ec2QueryName'];
  const key = typeof traits['xmlName'] === 'string' ? traits['xmlName'] : name;
  return ec2 ? key.charAt(0).toUpperCase() + key.slice(1) : key;
}

function has(form: URLSearchParams, prefix: string): boolean {
  return form.has(prefix) || [...form.keys()].some((key) => key.startsWith(`${prefix}.`));
}

function readMember(
  shape: Shape,
  form: URLSearchParams,
  prefix: string,
  ec2: boolean,
  flat: boolean,
): unknown {
  switch (shape.kind) {
    case 'structure':
      return Object.fromEntries(
        shape.members.flatMap((member) => {
          const key = prefix === '' ? keyOf(member, ec2) : `${prefix}.${keyOf(member, ec2)}`;
          if (!has(form, key)) return [];
          const flattened = ec2 || 'xmlFlattened' in member.traits;
          return [[member.name, readMember(member.shape, form, key, ec2, flattened)]];
        }),
      );
    case 'list': {
      const traits = { ...shape.item.shape.traits, ...shape.item.traits };
      const name = typeof traits['xmlName'] === 'string' ? traits['xmlName'] : 'member';
      const base = flat ? prefix : `${prefix}.${name}`;
      const items: unknown[] = [];
      for (let at = 1; has(form, `${base}.${at}`); at += 1)
        items.push(readMember(shape.item.shape, form, `${base}.${at}`, ec2, false));
      return items;
    }
    case 'simple':
      return simpleOf(shape.type, form.get(prefix) ?? '');
    default:
      throw new Error(`${shape.name}: no input with a map is read here`);
  }
}
