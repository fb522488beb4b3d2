/** The files that a transport's TLS is made of. */
import { readFileSync } from 'node:fs';
import { UserError } from '../model/fault.ts';
import type { TransportOptions } from './transport.ts';
import { errorCode } from './transport-failures.ts';

/** As `node:tls` takes them; also once they have gone to a thread. */
export type TlsFiles = Readonly<Record<string, Uint8Array | (Uint8Array | string)[]>>;

/** Throws UserError `config-file-unreadable`. */
export function readTls(options: Pick<TransportOptions, 'ca' | 'cert' | 'key'>): TlsFiles {
  const tls: Record<string, Uint8Array | (Uint8Array | string)[]> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = options[name];
    if (path === undefined) continue;
    try {
      const pem = readFileSync(path);
      // A private authority comes beside the public ones: the same run may talk to both. Reading those takes a while.
      tls[name] = name === 'ca' ? [...process.getBuiltinModule('node:tls').rootCertificates, pem] : pem;
    } catch (error) {
      throw new UserError('config-file-unreadable', `${name}: ${path} cannot be read (${errorCode(error)})`, {
        hint: `Check the target's "${name}" setting.`,
      });
    }
  }
  return tls;
}
