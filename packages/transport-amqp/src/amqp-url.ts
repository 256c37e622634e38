import { ConfigurationError } from '@ctq/runtime';

/** What a URL of RabbitMQ says. */
export interface AmqpUrl {
  readonly host: string;
  readonly port: number;
  readonly virtualHost: string;
  readonly username?: string;
  readonly password?: string;
  /** Encrypted by its scheme. */
  readonly tls: boolean;
}

const ports = { plain: 5672, encrypted: 5671 };

const schemes = new Map<string, { readonly tls: boolean }>([
  ['amqp', { tls: false }],
  ['amqps', { tls: true }],
  ['pyamqp', { tls: false }],
  ['pyamqps', { tls: true }],
  ['librabbitmq', { tls: false }],
]);

/** scheme, user and password, host and port, virtual host. Parsed here, because Node's errors about URLs carry the whole text, with its password. */
const form =
  /^(?:([a-z][a-z0-9+.-]*):\/\/|(?!.*:\/\/))(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#@[\]\s]*)(?::(\d*))?(\/[^?#]*)?$/i;

/**
 * Kombu's URLs of RabbitMQ, without their query (kombu 5.6 utils/url.py, parse_url; transport/pyamqp.py): everything may be left out but the host, and no path,
 * `/` and `//` are the virtual host `/`.
 * @throws ConfigurationError for what is none. The text is not in it.
 */
export function parseAmqpUrl(url: string): AmqpUrl {
  const found = form.exec(url.trim());
  if (found === null) throw badUrl('it cannot be read');
  const [, name = 'amqp', login, host = '', portText = '', path = ''] = found;
  const scheme = schemes.get(name.toLowerCase());
  if (scheme === undefined) throw badUrl(`the scheme ${name.toLowerCase()}:// is none of RabbitMQ`);
  const { tls } = scheme;
  const port = portText === '' ? (tls ? ports.encrypted : ports.plain) : Number(portText);
  if (port < 1 || port > 65_535) throw badUrl('a port is from 1 to 65535');
  const virtualHost = decode(path.slice(1));
  return {
    host: host === '' ? 'localhost' : decode(host.replaceAll(/^\[|\]$/g, '')),
    port,
    virtualHost: virtualHost === '' ? '/' : virtualHost,
    tls,
    ...loginOf(login),
  };
}

/** Options in the query of a URL, and the URL without it. */
export function splitQuery(url: string): { readonly url: string; readonly options: Readonly<Record<string, string>> } {
  const at = url.indexOf('?');
  if (at === -1) return { url, options: {} };
  return { url: url.slice(0, at), options: Object.fromEntries(new URLSearchParams(url.slice(at + 1))) };
}

/** For banners and errors: without the password. */
export function maskedUrl({ host, port, virtualHost, username, password, tls }: AmqpUrl): string {
  const user = username === undefined && password === undefined ? '' : `${encodeURIComponent(username ?? '')}:***@`;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  // Kombu writes the virtual host `/` as a second slash.
  return `${tls ? 'amqps' : 'amqp'}://${user}${address}/${virtualHost === '/' ? '/' : encodeURIComponent(virtualHost)}`;
}

function loginOf(text: string | undefined): Pick<AmqpUrl, 'username' | 'password'> {
  if (text === undefined || text === '') return {};
  const at = text.indexOf(':');
  const username = decode(at === -1 ? text : text.slice(0, at));
  const password = at === -1 ? '' : decode(text.slice(at + 1));
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl('a % in it is no escape: write it as %25');
  }
}

function badUrl(problem: string): ConfigurationError {
  // The URL itself may hold a password.
  return new ConfigurationError(
    'CTQ_BAD_URL',
    `amqp: a URL cannot be used: ${problem}. The form is amqp://[user[:password]@]host[:5672][/virtual-host] (amqps://… for TLS).`,
  );
}
