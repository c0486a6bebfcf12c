/** Certificates of a CA of the test's own. Not part of the product. */
import { generate } from 'selfsigned';

export interface TestCa {
  cert: string;
  key: string;
}
export interface TestCertificate {
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;

export async function createCa(): Promise<TestCa> {
  const made = await generate([{ name: 'commonName', value: 'ClawTab test CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** For one host name; `days` from yesterday on, so that 0 has run out. */
export async function certificateFor(ca: TestCa, host: string, days = 30): Promise<TestCertificate> {
  const start = Date.now() - DAY_MS;
  const made = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(start),
    notAfterDate: new Date(start + days * DAY_MS),
    ca: { key: ca.key, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
      { name: 'extKeyUsage', serverAuth: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}
