import { webcrypto } from 'node:crypto';
import { BasicConstraints, Certificate, AttributeTypeAndValue, Extension, getCrypto } from 'pkijs';
import { Integer, Utf8String } from 'asn1js';

/** A self-signed certificate for `localhost` in PEM, and its key; `expires` in Unix seconds. */
export async function selfSigned(name: string, expires: number): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: 1 });
  for (const party of [certificate.issuer, certificate.subject])
    party.typesAndValues.push(
      new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value: name }) }),
    );
  certificate.notBefore.value = new Date(0);
  certificate.notAfter.value = new Date(expires * 1000);
  const authority = new BasicConstraints({ cA: true });
  certificate.extensions = [
    new Extension({ extnID: '2.5.29.19', critical: true, extnValue: authority.toSchema().toBER(false) }),
  ];
  await certificate.subjectPublicKeyInfo.importKey(pair.publicKey, getCrypto(true));
  await certificate.sign(pair.privateKey, 'SHA-256');
  return {
    cert: pem('CERTIFICATE', certificate.toSchema(true).toBER(false)),
    key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)),
  };
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
