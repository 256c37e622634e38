import {
  assertKnownOptions,
  camelCaseOptions,
  type CeleryTlsOptions,
  celeryTlsNames,
  type Duration,
  OptionReader,
  type TlsConfig,
  tlsConfig,
  type TlsOptions,
} from '@ctq/runtime';
import { type AmqpUrl, parseAmqpUrl } from './amqp-url.js';

/**
 * Options of the RabbitMQ transport, with Kombu's names in camelCase (kombu 5.6 transport/pyamqp.py; py-amqp 5.3 connection.py). Kombu's own spelling
 * (`login_method`) is understood as well, so that Celery's `broker_transport_options` can be taken over.
 */
export interface AmqpOptions extends CeleryTlsOptions {
  /** Default `amqp://localhost:5672//`. */
  readonly url?: string;
  /** In place of the URL's. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly virtualHost?: string | undefined;
  /** TLS: true for Node's defaults, or options. Given by the scheme `amqps` too. */
  readonly tls?: TlsOptions | undefined;
  readonly ssl?: TlsOptions | undefined;
  /** SASL. Default `PLAIN`, and `EXTERNAL` where there is a client's certificate and no user. */
  readonly loginMethod?: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL' | undefined;
  /** Default 120 s; the server may ask for a shorter one. 0 for none. */
  readonly heartbeat?: Duration | undefined;
  /** Shown to operators of the server beside ctq's own. */
  readonly clientProperties?: Readonly<Record<string, unknown>> | undefined;
  readonly frameMax?: number | undefined;
  readonly channelMax?: number | undefined;
  /** Seconds without traffic after which TCP asks. Default 60 s; 0 for never. */
  readonly keepAlive?: Duration | undefined;
  /** ctq confirms always: only `true` is taken. */
  readonly confirmPublish?: true | undefined;
  /** Type of the queues in which messages wait for their ETA. The same for all programs of a broker. Default `quorum`. */
  readonly delayedQueueType?: 'quorum' | 'classic' | undefined;
  /** Before the names of the exchanges and queues in which messages wait for their ETA. The same for all programs of a broker. */
  readonly delayedPrefix?: string | undefined;
}

/** Checked, with defaults. */
export interface AmqpConfig {
  readonly address: AmqpUrl;
  readonly tls?: TlsConfig;
  readonly loginMethod: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  readonly heartbeatSeconds: number;
  readonly clientProperties: Readonly<Record<string, unknown>>;
  readonly frameMax?: number;
  readonly channelMax?: number;
  readonly keepAliveMs: number;
  readonly delayedQueueType: 'quorum' | 'classic';
  readonly delayedPrefix: string;
}

const optionNames: readonly string[] = [
  ...celeryTlsNames,
  ...(['url', 'username', 'password', 'virtualHost', 'tls', 'ssl', 'loginMethod', 'heartbeat'] as const),
  ...(['clientProperties', 'frameMax', 'channelMax', 'keepAlive', 'confirmPublish'] as const),
  ...(['delayedQueueType', 'delayedPrefix'] as const),
];

const loginMethods = ['PLAIN', 'AMQPLAIN', 'EXTERNAL'] as const;

/**
 * Options by either spelling.
 * @throws ConfigurationError for a name that the transport does not have.
 */
export function readOptions(given: Readonly<Record<string, unknown>>): AmqpOptions {
  const options = camelCaseOptions(given);
  assertKnownOptions('amqp', options, optionNames);
  return options;
}

/** @throws ConfigurationError for values that cannot be used. */
export function amqpConfig(options: AmqpOptions): AmqpConfig {
  const read = new OptionReader('amqp', { ...options });
  const url = parseAmqpUrl(options.url ?? 'amqp://localhost');
  const tls = tlsOf(read, url.tls);
  if (read.truth('confirmPublish') === false)
    throw read.refused('confirmPublish', 'cannot be false: a publish resolves when the broker has confirmed it.');
  const username = read.text('username') ?? url.username;
  const password = read.text('password') ?? url.password;
  const frameMax = read.count('frameMax');
  const channelMax = read.count('channelMax');
  return {
    address: {
      ...url,
      tls: tls !== undefined,
      virtualHost: read.text('virtualHost') ?? url.virtualHost,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    },
    ...(tls === undefined ? {} : { tls }),
    loginMethod: loginMethodOf(read, tls, username),
    heartbeatSeconds: Math.ceil((read.duration('heartbeat') ?? 120_000) / 1_000),
    clientProperties: read.map('clientProperties') ?? {},
    ...(frameMax === undefined ? {} : { frameMax }),
    ...(channelMax === undefined ? {} : { channelMax }),
    keepAliveMs: read.duration('keepAlive') ?? 60_000,
    delayedQueueType: delayedQueueTypeOf(read),
    delayedPrefix: read.text('delayedPrefix') ?? '',
  };
}

function tlsOf(read: OptionReader, isInUrl: boolean): TlsConfig | undefined {
  const given = read.raw('tls') ?? read.raw('ssl');
  const loose = Object.fromEntries(
    celeryTlsNames.flatMap((name) => (read.raw(name) === undefined ? [] : [[name, read.raw(name)]])),
  );
  const isAsked = isInUrl || Object.keys(loose).length > 0;
  if (given === false || (given === undefined && !isAsked)) {
    if (isInUrl && given === false) throw read.refused('tls', 'cannot be false with a URL of TLS: write amqp://.');
    return undefined;
  }
  const options = typeof given === 'object' && given !== null ? given : {};
  if (given !== undefined && given !== true && typeof given !== 'object') throw read.bad('tls', 'true or an object');
  return tlsConfig('amqp', { ...options, ...loose });
}

/** py-amqp 5.3 connection.py, Connection.__init__: EXTERNAL goes with a certificate. */
function loginMethodOf(read: OptionReader, tls: TlsConfig | undefined, username: string | undefined) {
  const given = read.text('loginMethod');
  if (given === undefined) {
    const hasCertificate = tls !== undefined && (tls.files.cert !== undefined || 'cert' in tls.node);
    return hasCertificate && username === undefined ? 'EXTERNAL' : 'PLAIN';
  }
  const known = loginMethods.find((method) => method === given.toUpperCase());
  if (known === undefined) throw read.bad('loginMethod', "'PLAIN', 'AMQPLAIN' or 'EXTERNAL'");
  return known;
}

function delayedQueueTypeOf(read: OptionReader): 'quorum' | 'classic' {
  const type = read.text('delayedQueueType') ?? 'quorum';
  if (type === 'quorum' || type === 'classic') return type;
  throw read.bad('delayedQueueType', "'quorum' or 'classic'");
}
