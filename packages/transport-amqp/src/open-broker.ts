import type { Duplex } from 'node:stream';
import { ConfigurationError, nodeTlsOptions } from '@ctq/runtime';
import { type ChannelModel, connect, credentials } from 'amqplib';
import { connectionError } from './amqp-errors.js';
import type { AmqpConfig } from './amqp-options.js';
import { toFieldTable } from './field-table.js';
import { readLongIntegers } from './long-integers.js';

/** An open connection of amqplib, and what it goes over. */
export interface Broker {
  readonly model: ChannelModel;
  /** Destroying it ends the connection without a word. */
  readonly socket: Socket;
  /** It takes no messages for now (`connection.blocked`). */
  readonly isBlocked: () => boolean;
}

/** Of a socket what `Liveness` looks at. */
export type Socket = Duplex & { readonly bytesRead: number; readonly bytesWritten: number };

/** A handshake that takes longer is no handshake, whatever the caller does with its signal. */
const handshakeMs = 60_000;

/** @throws TransportConnectionError, the signal's reason, ConfigurationError for files of TLS that cannot be read. */
export async function openBroker(config: AmqpConfig, url: string, signal: AbortSignal): Promise<Broker> {
  signal.throwIfAborted();
  const { address, tls, heartbeatSeconds, frameMax, channelMax } = config;
  // Only until it is open: afterwards it is closed as connections are.
  const opening = new AbortController();
  const abort = (): void => opening.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const secured = tls === undefined ? {} : await nodeTlsOptions(tls, address.host);
    const model = await connect(
      {
        protocol: tls === undefined ? 'amqp' : 'amqps',
        hostname: address.host,
        port: address.port,
        // amqplib takes it for a part of a URL.
        vhost: encodeURIComponent(address.virtualHost),
        heartbeat: heartbeatSeconds,
        ...(frameMax === undefined ? {} : { frameMax }),
        ...(channelMax === undefined ? {} : { channelMax }),
      },
      {
        ...secured,
        ...({ signal: opening.signal } satisfies { signal: AbortSignal }),
        noDelay: true,
        timeout: handshakeMs,
        keepAlive: config.keepAliveMs > 0,
        keepAliveDelay: config.keepAliveMs,
        clientProperties: { product: 'ctq', ...toFieldTable(config.clientProperties) },
        credentials: credentialsOf(config),
      },
    );
    readLongIntegers(model.connection);
    let isBlocked = false;
    model.on('blocked', () => {
      isBlocked = true;
    });
    model.on('unblocked', () => {
      isBlocked = false;
    });
    return { model, socket: socketOf(model), isBlocked: () => isBlocked };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (ConfigurationError.isInstance(error)) throw error;
    throw connectionError(error, url, 'Cannot connect to');
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** RabbitMQ's defaults where the URL has none (kombu 5.6 transport/pyamqp.py, default_connection_params). */
function credentialsOf({ loginMethod, address }: AmqpConfig) {
  const { username = 'guest', password = address.username === undefined ? 'guest' : '' } = address;
  if (loginMethod === 'EXTERNAL') return credentials.external();
  return loginMethod === 'AMQPLAIN' ? credentials.amqplain(username, password) : credentials.plain(username, password);
}

function socketOf({ connection }: ChannelModel): Socket {
  return (connection as unknown as { readonly stream: Socket }).stream;
}
