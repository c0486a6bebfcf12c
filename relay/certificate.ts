/**
 * The certificate as it changes on disk: looked at every few seconds, taken into use when both files are whole and belong together. By their content, not by
 * notification: certificate programs swap symbolic links, and a proxy's volume may tell nothing.
 */
import { asClawError } from '../shared/errors.ts';
import { type RelayConfig, readTls } from './config.ts';
import type { Log } from './log.ts';

export interface CertificateOptions {
  files: NonNullable<RelayConfig['tls']>;
  /** What is in use now. */
  current: { cert: string; key: string };
  renew: (tls: { cert: string; key: string }) => void;
  everyMs: number;
  log: Log;
}

/** Until the returned function is called. A pair that cannot be used is named once in the log, and the old one stays. */
export function followCertificate({ files, current, renew, everyMs, log }: CertificateOptions): () => void {
  let used = current;
  let complaint = '';
  const look = (): void => {
    try {
      const found = readTls(files);
      complaint = '';
      if (found.cert === used.cert && found.key === used.key) return;
      renew(found);
      used = found;
      log('info', 'tls_renewed', { file: files.certFile });
    } catch (error) {
      const { message } = asClawError(error);
      if (message !== complaint) log('warn', 'tls_not_renewed', { why: message });
      complaint = message;
    }
  };
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}
