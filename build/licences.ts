import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundledPackage } from './packages.ts';

const texts = /^(?:un)?licen[cs]e|^notice|^copying|^third.?party/i;

/**
 * Every licence and notice that the packages carry, each text once, under the packages that it is of. Rejects when a package has none and
 * its licence is not one whose text is the same for everybody.
 */
export async function licenceTexts(packages: readonly BundledPackage[], root: string): Promise<string> {
  const named = new Map<string, string[]>();
  for (const one of packages) {
    const label = `${one.name} ${one.version} (${one.licence})`;
    for (const text of await textsOf(one, root)) named.set(text, [...(named.get(text) ?? []), label]);
  }
  const parts = [...named].map(([text, labels]) => `${labels.join('\n')}\n\n${text}\n`);
  return [`Annexa holds code of these ${packages.length} packages.\n`, ...parts].join(
    `\n${'-'.repeat(72)}\n`,
  );
}

async function textsOf(one: BundledPackage, root: string): Promise<readonly string[]> {
  const files = (await readdir(one.directory)).filter((file) => texts.test(file)).sort();
  const own = await Promise.all(files.map((file) => readFile(join(one.directory, file), 'utf8')));
  const said = own.map((text) => text.replaceAll('\r\n', '\n').trim()).filter(Boolean);
  return said.length > 0 ? said : [await standardText(one, root)];
}

async function standardText({ name, version, licence, author }: BundledPackage, root: string) {
  if (licence === 'Apache-2.0') return (await readFile(join(root, 'LICENSE'), 'utf8')).trim();
  if (licence === 'MIT' && author !== undefined) {
    const text = await readFile(join(import.meta.dirname, 'mit.txt'), 'utf8');
    return `Copyright (c) ${author}\n\n${text.trim()}`;
  }
  throw new Error(
    `${name} ${version}: no text of its licence, ${licence}; expected a LICENSE file in the package`,
  );
}
