import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { ConfigurationError } from '../errors/ctq-error.js';
import { toError } from '../errors/to-error.js';
import { assertKnownOptions, camelCaseOptions } from '../options/known-options.js';
import { OptionReader } from '../options/option-reader.js';

/** Options of TLS with redis-py's names (redis-py 5 connection.py, SSLConnection), in camelCase or as Python writes them; also without `ssl`, as in AMQP's maps. */
export interface CeleryTlsOptions {
  /** `required` (default): the server's certificate is checked. `none`: it is not. For a client `optional` is the same as `required`. */
  readonly sslCertReqs?:
    | ('required' | 'optional' | 'none' | 'CERT_REQUIRED' | 'CERT_OPTIONAL' | 'CERT_NONE' | 0 | 1 | 2)
    | undefined;
  /** Path of the certificates that are trusted, in place of those of Node. */
  readonly sslCaCerts?: string | undefined;
  /** The same as text. */
  readonly sslCaData?: string | undefined;
  /** Path of the client's certificate. */
  readonly sslCertfile?: string | undefined;
  /** Path of its key. */
  readonly sslKeyfile?: string | undefined;
  /** Password of the key. */
  readonly sslPassword?: string | undefined;
  /** Whether the certificate has to be for the host that was connected to. Default true. */
  readonly sslCheckHostname?: boolean | undefined;
  readonly sslCiphers?: string | undefined;
  /** `TLSv1.2`, `TLSv1.3`, or Python's numbers of them. */
  readonly sslMinVersion?: 'TLSv1.2' | 'TLSv1.3' | 771 | 772 | undefined;
}

/** Node's own options of TLS. */
export type NodeTlsOptions = Pick<
  ConnectionOptions,
  | ('ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity')
  | ('minVersion' | 'maxVersion' | 'ciphers' | 'crl' | 'secureContext' | 'session' | 'ALPNProtocols')
>;

/** True for Node's defaults: what it trusts, with the host's name checked. */
export type TlsOptions = boolean | (NodeTlsOptions & CeleryTlsOptions);

/** Checked. Files are read at every connection, so that renewed certificates are used. */
export interface TlsConfig {
  readonly node: Readonly<Record<string, unknown>>;
  readonly files: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** What somebody in the middle could make use of; for the log. */
  readonly isUnchecked: 'certificate' | 'host name' | undefined;
}

const nodeNames: readonly (keyof NodeTlsOptions)[] = [
  ...(['ca', 'cert', 'key', 'passphrase', 'pfx', 'servername', 'rejectUnauthorized', 'checkServerIdentity'] as const),
  ...(['minVersion', 'maxVersion', 'ciphers', 'crl', 'secureContext', 'session', 'ALPNProtocols'] as const),
];

export const celeryTlsNames: readonly (keyof CeleryTlsOptions)[] = [
  ...(['sslCertReqs', 'sslCaCerts', 'sslCaData', 'sslCertfile', 'sslKeyfile', 'sslPassword'] as const),
  ...(['sslCheckHostname', 'sslCiphers', 'sslMinVersion'] as const),
];

/** The names of AMQP's maps, which Celery takes for Redis too. */
const shortNames = new Map([
  ['certReqs', 'sslCertReqs'],
  ['caCerts', 'sslCaCerts'],
  ['certfile', 'sslCertfile'],
  ['keyfile', 'sslKeyfile'],
  ['checkHostname', 'sslCheckHostname'],
  ['serverHostname', 'servername'],
]);

const checks = new Map<unknown, boolean>([
  ...(['required', 'optional', 'CERT_REQUIRED', 'CERT_OPTIONAL', 1, 2, '1', '2'] as const).map(
    (name) => [name, true] as const,
  ),
  ...(['none', 'CERT_NONE', 0, '0'] as const).map((name) => [name, false] as const),
]);

/** @throws ConfigurationError for names and values that it does not know. */
export function tlsConfig(adapter: string, given: Readonly<Record<string, unknown>>): TlsConfig {
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(camelCaseOptions(given))) options[shortNames.get(name) ?? name] = value;
  assertKnownOptions(`${adapter}'s tls`, options, [...nodeNames, ...celeryTlsNames]);
  const read = new OptionReader(adapter, options);
  const node: Record<string, unknown> = {};
  for (const name of nodeNames) if (read.raw(name) !== undefined) node[name] = read.raw(name);
  const files: Record<string, string> = {};
  const fileOptions = { ca: 'sslCaCerts', cert: 'sslCertfile', key: 'sslKeyfile' };
  for (const [name, option] of Object.entries(fileOptions)) {
    const path = read.text(option);
    if (path !== undefined) files[name] = path;
  }
  const isChecked = certReqs(read);
  if (isChecked !== undefined) node['rejectUnauthorized'] = isChecked;
  const texts = { ca: 'sslCaData', passphrase: 'sslPassword', ciphers: 'sslCiphers' };
  for (const [name, option] of Object.entries(texts)) {
    const text = read.text(option);
    if (text !== undefined) node[name] = text;
  }
  const minVersion = read.raw('sslMinVersion');
  if (minVersion !== undefined) node['minVersion'] = versionOf(read, minVersion);
  const checksHost = read.truth('sslCheckHostname') ?? true;
  return {
    node,
    files,
    isUnchecked: node['rejectUnauthorized'] === false ? 'certificate' : checksHost ? undefined : 'host name',
  };
}

/**
 * What Node's `tls.connect` is given.
 * @throws ConfigurationError where a file cannot be read.
 */
export async function nodeTlsOptions(config: TlsConfig, host: string): Promise<ConnectionOptions> {
  const read: Record<string, Buffer> = {};
  for (const [name, path] of Object.entries(config.files)) {
    try {
      read[name] = await readFile(path);
    } catch (error) {
      const cause = toError(error);
      throw new ConfigurationError('CTQ_BAD_OPTION', `A file of the options of TLS cannot be read: ${cause.message}`, {
        cause,
      });
    }
  }
  return {
    // The name that the server is asked for; an address is not one.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(config.isUnchecked === 'host name' ? { checkServerIdentity: () => undefined } : {}),
    ...read,
    ...config.node,
  };
}

function certReqs(read: OptionReader): boolean | undefined {
  const given = read.raw('sslCertReqs');
  if (given === undefined) return undefined;
  const isChecked = checks.get(given);
  // celery 5.6 backends/redis.py, E_REDIS_SSL_CERT_REQS_MISSING_INVALID
  if (isChecked === undefined) throw read.bad('sslCertReqs', "'required', 'optional' or 'none'");
  return isChecked;
}

function versionOf(read: OptionReader, given: unknown): string {
  if (given === 771 || given === '771' || given === 'TLSv1.2') return 'TLSv1.2';
  if (given === 772 || given === '772' || given === 'TLSv1.3') return 'TLSv1.3';
  throw read.bad('sslMinVersion', "'TLSv1.2' or 'TLSv1.3'");
}
