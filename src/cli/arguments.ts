import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

interface Parsed {
  /** An option that may be given more than once is a list. */
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Parses strictly: an unknown option, a missing value or too many words are a UsageError. */
export function parse(
  args: readonly string[],
  options: Options,
  words: { readonly atLeast: number; readonly atMost: number },
): Parsed {
  const parsed = attempt(args, options);
  const count = parsed.positionals.length;
  if (count < words.atLeast) throw new UsageError('an argument is missing');
  if (count > words.atMost) throw new UsageError(`unexpected argument ${parsed.positionals[words.atMost]}`);
  return parsed;
}

function attempt(args: readonly string[], options: Options): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: { ...values }, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export const configOption = { config: { type: 'string', short: 'c' } } as const;
export const jsonOption = { json: { type: 'boolean' } } as const;

/** An option that may be given more than once, as a list of texts. */
export function list(value: Parsed['values'][string]): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A whole number from 0 on. Throws UsageError, naming the option. */
export function integer(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} ${text}: expected a whole number such as 12`);
  return Number(text);
}
