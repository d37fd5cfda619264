import { Certificate, ContentInfo, SignedData } from 'pkijs';
import { EvidenceError } from '../error.ts';
import { type Authorities, pathTo } from './authorities.ts';
import { readResponse } from './signed-data.ts';
import { readTstInfo } from './tst-info.ts';

/**
 * A second opinion on a token that `openToken` has opened, before it is kept for ever: its signature, digests, imprint and path, as pkijs understands
 * RFC 3161, RFC 5652 and RFC 5280. It takes ten times as long. Throws `corrupt`.
 */
export async function confirmToken(
  response: Uint8Array,
  data: Uint8Array,
  trusted: Authorities,
): Promise<void> {
  const { raw, content, signer, certificates } = readResponse(response);
  const path = pathTo(trusted, signer, certificates, readTstInfo(content).genTime);
  try {
    const chain = path.map((one) => Certificate.fromBER(Buffer.from(one.raw)));
    const signed = new SignedData({ schema: ContentInfo.fromBER(Buffer.from(raw)).content });
    signed.certificates = chain.slice(0, -1);
    const { signatureVerified, signerCertificateVerified } = await signed.verify({
      signer: 0,
      data: Uint8Array.from(data).buffer,
      trustedCerts: chain.slice(-1),
      checkChain: true,
      extendedMode: true,
      passedWhenNotRevValues: true,
    });
    if (signatureVerified === true && signerCertificateVerified === true) return;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : 'refused';
    throw new EvidenceError('corrupt', `the token does not verify: ${detail}`, { cause });
  }
  throw new EvidenceError('corrupt', 'the token does not verify');
}
