import { once } from 'node:events';
import { Redis } from 'ioredis';
import { Liveness } from './liveness.js';
import { parseRedisUrl } from './redis-url.js';

export interface ConnectOptions {
  readonly url: string;
  /** As `CLIENT LIST` shows it. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  /** Connects again by itself, and repeats nothing. Default false: it is used as long as it lasts. */
  readonly reconnects?: boolean;
  /** For a connection that only listens: asks whether it is still there when nothing was received for so long. See `Liveness`. */
  readonly probeEveryMs?: number;
}

/**
 * One connection that is used as long as it lasts: reconnecting is for whoever knows what has to be done again.
 * @throws the client's or the server's error. Aborting the signal rejects with its reason.
 */
export async function connectRedis(options: ConnectOptions, signal: AbortSignal): Promise<Redis> {
  const { tls, ...address } = parseRedisUrl(options.url);
  signal.throwIfAborted();
  // A first attempt that fails is the caller's to repeat.
  let reconnects = false;
  const client = new Redis({
    ...address,
    ...(tls ? { tls: { servername: address.host } } : {}),
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs,
    connectionName: options.name,
    retryStrategy: (attempt) => (reconnects ? reconnectMs(attempt) : null),
    // Commands under way when the connection is lost are rejected at once: with a number of attempts ioredis forgets them without a word when an
    // attempt succeeds, and sent again by itself an increment might be made twice.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Left to `Subscriber`: ioredis does not look after the promise of it.
    autoResubscribe: false,
    enableOfflineQueue: options.reconnects === true,
    // Messages of client tracking are dropped silently in RESP3 (ioredis 6).
    protocol: 2,
    keepAlive: 10_000,
    // On a connection that leads nowhere the end is not answered either.
    disconnectTimeout: 200,
  });
  const { probeEveryMs } = options;
  new Liveness(client, probeEveryMs === undefined ? {} : { probeEveryMs });
  // The reason why a command or the attempt to connect failed; without a listener ioredis prints it.
  let lastError: Error | undefined;
  client.on('error', (error: Error) => {
    lastError = error;
  });
  const onAbort = (): void => client.disconnect();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    signal.throwIfAborted();
    reconnects = options.reconnects ?? false;
    return client;
  } catch (error) {
    client.disconnect();
    if (signal.aborted) throw signal.reason;
    throw lastError ?? error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function reconnectMs(attempt: number): number {
  return Math.min(50 * 2 ** attempt, 2_000);
}

/** Idempotent, and does not wait for a server that does not answer. */
export async function disconnectRedis(client: Redis): Promise<void> {
  if (client.status === 'end') return;
  const ended = once(client, 'end');
  client.disconnect();
  await ended;
}
