import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../../src/cli/command.ts';
import { token } from '../../src/cli/token.ts';
import { access } from '../../src/config/access.ts';
import { looksLikeSecret } from '../../src/config/secrets.ts';

async function made(...args: string[]) {
  const lines: string[] = [];
  const io = {
    out: (line: string) => void lines.push(line),
    err: () => {},
    env: {},
    stop: new AbortController().signal,
  };
  const code = await token.run(args, io);
  const [secret = '', ...entry] = lines;
  return { code, secret, entry: z.array(z.unknown()).parse(parse(entry.join('\n'))) };
}

describe('annexa token', () => {
  test('prints a token and the entry that takes it', async () => {
    const { code, secret, entry } = await made(
      'kim',
      '--role',
      'auditor',
      '--role',
      'isms',
      '--expires',
      '14d',
    );
    expect(code).toBe(0);
    expect(secret).toMatch(/^annexa_[A-Za-z0-9_-]{43}$/);
    const { tokens } = access.parse({ tokens: entry });
    expect(tokens).toMatchObject([
      { name: 'kim', sha256: createHash('sha256').update(secret).digest('hex'), roles: ['auditor', 'isms'] },
    ]);
    const life = (tokens[0]?.expires ?? 0) - Date.now() / 1000;
    expect(Math.round(life / 86_400)).toBe(14);
  });

  test('prints another one each time, and one that no manifest may hold', async () => {
    const [one, two] = [await made('a', '--role', 'viewer'), await made('a', '--role', 'viewer')];
    expect(one.secret).not.toBe(two.secret);
    expect(looksLikeSecret(`x: ${one.secret}`)).toBe('a token of Annexa');
  });

  test.for([
    [['kim'], '--role is missing'],
    [['kim', '--role', 'admin'], '--role admin: expected one of viewer, auditor, isms, operator'],
    [['Kim', '--role', 'viewer'], 'NAME Kim: expected 1 to 63'],
    [['kim', '--role', 'viewer', '--expires', 'never'], '--expires never: expected a duration'],
    [['--role', 'viewer'], 'an argument is missing'],
  ] as const)('%j is refused', async ([args, message]) => {
    const error = await Promise.resolve()
      .then(() =>
        token.run(args, { out: () => {}, err: () => {}, env: {}, stop: new AbortController().signal }),
      )
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(message);
  });
});
