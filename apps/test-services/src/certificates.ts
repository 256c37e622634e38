import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Paths of a certificate and its key. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certification authority, and a server's and a client's certificate that it has signed. */
export interface Certificates {
  /** Path of the authority's certificate. */
  readonly authority: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

/**
 * Made with the openssl program, valid for a day.
 *
 * @param folder where the files go
 * @param name makes the files of several authorities distinct
 * @param host what the server's certificate is for
 */
export async function makeCertificates(folder: string, name: string, host = 'localhost'): Promise<Certificates> {
  const path = (file: string): string => join(folder, `${name}-${file}`);
  const authority: KeyPair = { certificate: path('ca.crt'), key: path('ca.key') };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await execute('openssl', [
    ...['req', '-x509', ...newKey, '-days', '1', '-subj', `/CN=${name}`],
    ...['-keyout', authority.key, '-out', authority.certificate],
  ]);
  const signed = async (role: string, extension: string): Promise<KeyPair> => {
    const pair: KeyPair = { certificate: path(`${role}.crt`), key: path(`${role}.key`) };
    await execute('openssl', [
      'req',
      ...newKey,
      '-subj',
      `/CN=${role}`,
      '-keyout',
      pair.key,
      '-out',
      path(`${role}.csr`),
    ]);
    await writeFile(path(`${role}.ext`), extension);
    await execute('openssl', [
      ...['x509', '-req', '-days', '1', '-in', path(`${role}.csr`), '-out', pair.certificate],
      ...['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial', '-extfile', path(`${role}.ext`)],
    ]);
    return pair;
  };
  return {
    authority: authority.certificate,
    server: await signed('server', `subjectAltName=DNS:${host}\n`),
    client: await signed('client', 'extendedKeyUsage=clientAuth\n'),
  };
}
