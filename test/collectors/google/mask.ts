/** What Google leaves of an answer for a `fields` parameter such as `kind,users(id,primaryEmail)`. Throws for one that can't be read. */
export function masked(body: object, fields: string | undefined): object {
  if (fields === undefined) return body;
  return reduced(body, fields);
}

function reduced(value: unknown, fields: string): object {
  const kept: Record<string, unknown> = {};
  for (const part of parts(fields)) {
    const [, name = '', inner] = /^(\w+)(?:\((.+)\))?$/.exec(part) ?? [];
    if (name === '') throw new Error(`fields: can't read ${part}`);
    const found = Object.entries(Object(value)).find(([key]) => key === name)?.[1];
    if (found === undefined) continue;
    if (inner === undefined) kept[name] = found;
    else kept[name] = Array.isArray(found) ? found.map((one) => reduced(one, inner)) : reduced(found, inner);
  }
  return kept;
}

/** Split at commas outside parentheses. */
function parts(fields: string): string[] {
  return fields.split(/,(?![^(]*\))/);
}
