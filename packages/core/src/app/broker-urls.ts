import { ConfigurationError } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';
import { endOfCredentials } from './mask-url.js';

/** What stands in for the parts that a URL lacks: Celery's `broker_transport`, `broker_port`, … */
export type BrokerParts = Pick<
  Settings,
  'brokerTransport' | 'brokerPort' | 'brokerUser' | 'brokerPassword' | 'brokerVhost'
>;

/**
 * The URLs of a text in which `;` stands between them, as Kombu splits it (kombu 5.6 connection.py, Connection.__init__ and switch): a later one
 * may be a host alone (`redis://:secret@a:6379/1;b;c:6380`), and is like the first in everything else. URLs of Sentinel belong together:
 * each names one of the sentinels of one broker.
 * @throws ConfigurationError for what is neither.
 */
export function brokerUrls(text: string, parts: BrokerParts): readonly string[] {
  const [first = '', ...others] = splitUrls(text);
  const named = complete(withScheme(first, parts), parts);
  return [named, ...others.map((other) => (hasScheme(other) ? complete(other, parts) : withHost(named, other)))];
}

/** `broker_host` in place of a URL. */
export function urlOfHost(host: string | undefined, { brokerTransport }: BrokerParts): string | undefined {
  if (host === undefined || host === '') return undefined;
  // Celery's default transport.
  return hasScheme(host) ? host : `${brokerTransport ?? 'amqp'}://${host}`;
}

function splitUrls(text: string): readonly string[] {
  const elements = text
    .split(';')
    .map((element) => element.trim())
    .filter((element) => element !== '');
  const [first, ...others] = elements;
  if (first === undefined || others.length === 0) return [text];
  if (elements.some(isSentinel)) {
    if (elements.every((element) => isSentinel(element) || !hasScheme(element))) return [text];
    throw badList("URLs of Sentinel are the nodes of one broker and cannot stand beside others'");
  }
  // Of a file's path it is a part.
  if (hasScheme(first) && partsOf(first).host === '') return text.split(/;(?=[a-z][a-z0-9+.-]*:\/\/)/i);
  for (const other of others)
    if (!hasScheme(other) && !isHost(other)) throw badList('what follows is neither a URL nor a host');
  return elements;
}

function isSentinel(url: string): boolean {
  return /^[a-z0-9+.-]*sentinels?:\/\//i.test(url);
}

function hasScheme(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
}

function isHost(text: string): boolean {
  return /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d+)?$/i.test(text);
}

/** With `brokerTransport`, a URL may be a host alone. */
function withScheme(url: string, { brokerTransport }: BrokerParts): string {
  return brokerTransport === undefined || hasScheme(url) ? url : `${brokerTransport}://${url}`;
}

/** Adds what is missing of user, password, port and virtual host. */
function complete(url: string, { brokerPort, brokerUser, brokerPassword, brokerVhost }: BrokerParts): string {
  if (!hasScheme(url) || isSentinel(url)) return url;
  const { scheme, credentials, host, path, query } = partsOf(url);
  // A file, or a socket: nothing of it is on a network.
  if (host === '' && path !== '' && path !== '/') return url;
  const colon = credentials.indexOf(':');
  const [user, password] =
    colon === -1 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const whole = {
    user: user === '' ? encodeURIComponent(brokerUser ?? '') : user,
    password: password === '' ? encodeURIComponent(brokerPassword ?? '') : password,
    port: brokerPort === undefined || brokerPort === 0 || /:\d+$/.test(host) ? '' : `:${brokerPort}`,
    path: brokerVhost === undefined || (path !== '' && path !== '/') ? path : `/${encodeURIComponent(brokerVhost)}`,
  };
  const login = whole.password === '' ? whole.user : `${whole.user}:${whole.password}`;
  const address = whole.port === '' ? host : `${host === '' ? 'localhost' : host}${whole.port}`;
  return `${scheme}${login === '' ? '' : `${login}@`}${address}${whole.path}${query}`;
}

function withHost(url: string, host: string): string {
  const { scheme, credentials, path, query, ...first } = partsOf(url);
  const port = /:\d+$/.test(host) ? '' : (/:\d+$/.exec(first.host)?.[0] ?? '');
  return `${scheme}${credentials === '' ? '' : `${credentials}@`}${host}${port}${path}${query}`;
}

interface UrlParts {
  readonly scheme: string;
  /** Without the `@`. */
  readonly credentials: string;
  /** With the port. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

function partsOf(url: string): UrlParts {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(url) ?? [];
  const end = endOfCredentials(rest);
  const credentials = end === -1 ? '' : rest.slice(0, end);
  const [, host = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(.*)$/s.exec(rest.slice(end + 1)) ?? [];
  return { scheme, credentials, host, path, query };
}

function badList(problem: string): ConfigurationError {
  // The text may hold a password.
  return new ConfigurationError(
    'CTQ_BAD_URL',
    `The broker's URL has a ';', which stands between two of them, but ${problem}. In a password it is written %3B.`,
  );
}
