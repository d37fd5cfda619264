import { X509Certificate } from 'node:crypto';

/** What is wrong with a PEM text of CA certificates, one of which must be self-signed; undefined when nothing is. */
export function certificatesProblem(pem: string): string | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length !== pem.split('-----BEGIN ').length - 1) {
    return 'expected certificates in PEM, and nothing else that has a BEGIN';
  }
  const problems = blocks.flatMap((block, at) => certificateProblem(block, at + 1) ?? []);
  if (problems.length > 0) return problems.join('; ');
  return blocks.some(isRoot)
    ? undefined
    : 'none of the certificates is self-signed: the root that the others lead up to is missing';
}

function certificateProblem(block: string, place: number): string | undefined {
  try {
    const { ca, subject } = new X509Certificate(block);
    const name = subject.replaceAll('\n', ', ');
    return ca ? undefined : `certificate ${place} (${name}) is not the certificate of a CA`;
  } catch {
    return `certificate ${place} can't be read`;
  }
}

function isRoot(block: string): boolean {
  const certificate = new X509Certificate(block);
  return certificate.checkIssued(certificate);
}
