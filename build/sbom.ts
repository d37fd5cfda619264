import type { BundledPackage } from './packages.ts';

export interface Product {
  readonly version: string;
  readonly revision: string;
}

/**
 * CycloneDX 1.6 of what the bundle holds. No time and no random serial number: the same commit gives the same bytes.
 * https://cyclonedx.org/docs/1.6/json/
 */
export function sbom(packages: readonly BundledPackage[], { version, revision }: Product): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': `annexa@${version}`,
        name: 'annexa',
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'annexa:revision', value: revision }],
      },
    },
    components: packages.map(component),
  };
}

function component({ name, version, licence, integrity }: BundledPackage): object {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: [{ license: { id: licence } }],
    hashes: [hash(name, integrity)],
  };
}

function hash(name: string, integrity: string): object {
  const [, base64] = /^sha512-([A-Za-z0-9+/]+={0,2})$/.exec(integrity) ?? [];
  if (base64 === undefined) {
    throw new Error(`package-lock.json: integrity of ${name} is ${integrity}; expected sha512-...`);
  }
  return { alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') };
}
