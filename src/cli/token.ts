import { randomBytes } from 'node:crypto';
import { accessRole } from '../config/access.ts';
import { duration, manifestName } from '../controls/fields.ts';
import { digestOf, TOKEN_PREFIX } from '../server/access/tokens.ts';
import { list, parse } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { now } from './setup.ts';

const BYTES = 32;
const DEFAULT_LIFE = '90d';

export const token: Command = {
  name: 'token',
  usage: 'NAME --role ROLE [--role ROLE ...] [--expires 90d]',
  summary: 'make a token for a caller of the API: shown once, kept by its digest alone',
  run(args, io) {
    const { values, positionals } = parse(
      args,
      { role: { type: 'string', multiple: true }, expires: { type: 'string' } },
      { atLeast: 1, atMost: 1 },
    );
    const name = nameFrom(positionals[0] ?? '');
    const roles = rolesFrom(list(values['role']));
    const expires = now() + lifeFrom(values['expires'] ?? DEFAULT_LIFE);
    const secret = TOKEN_PREFIX + randomBytes(BYTES).toString('base64url');
    io.out(secret);
    io.err('Shown once: give it to its user by a safe way. For spec.access.tokens of the Agent manifest:');
    io.out(`- name: ${name}`);
    io.out(`  sha256: ${digestOf(secret)}`);
    io.out(`  roles: [${roles.join(', ')}]`);
    io.out(`  expires: ${new Date(expires * 1000).toISOString().replace('.000Z', 'Z')}`);
    return Promise.resolve(0);
  },
};

function nameFrom(text: string): string {
  const { success, error } = manifestName.safeParse(text);
  if (!success) throw new UsageError(`NAME ${text}: ${error.issues[0]?.message}`);
  return text;
}

function rolesFrom(asked: readonly string[]): readonly string[] {
  if (asked.length === 0)
    throw new UsageError(`--role is missing: expected one of ${accessRole.options.join(', ')}`);
  const wrong = asked.find((role) => !accessRole.safeParse(role).success);
  if (wrong !== undefined)
    throw new UsageError(`--role ${wrong}: expected one of ${accessRole.options.join(', ')}`);
  return [...new Set(asked)];
}

function lifeFrom(text: unknown): number {
  const { data, error } = duration.safeParse(text);
  if (data === undefined) throw new UsageError(`--expires ${String(text)}: ${error?.issues[0]?.message}`);
  return data;
}
