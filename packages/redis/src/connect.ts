import { once } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import { clientError } from './client-error.js';
import { Liveness, type LivenessOptions } from './liveness.js';

/**
 * One connection, that is used as long as it lasts: reconnecting is for whoever knows what has to be done again.
 * @throws the client's or the server's error. Aborting the signal rejects with its reason.
 */
export async function openClient(
  options: RedisOptions,
  signal: AbortSignal,
  liveness: LivenessOptions = {},
): Promise<Redis> {
  signal.throwIfAborted();
  const client = new Redis({ ...options, ...asPromised, replyMapping: 'legacy' });
  new Liveness(client, liveness);
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
    // A database that does not exist is told in passing.
    if (lastError !== undefined) throw lastError;
    return client;
  } catch (error) {
    client.disconnect();
    if (signal.aborted) throw signal.reason;
    throw clientError(lastError ?? error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What ctq's guarantees stand on, whatever a program's own client was made with. */
const asPromised = {
  lazyConnect: true,
  retryStrategy: () => null,
  // Commands under way when the connection is lost are rejected at once. Sent again by itself, a pop would be made twice under the same tags, and what
  // the first one took would be in nobody's hands.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  // The server's state is looked at by `checkServer`, which does not print.
  enableReadyCheck: false,
  // Messages of client tracking are dropped silently in RESP3 (ioredis 6).
  protocol: 2,
  stringNumbers: false,
  // On a connection that leads nowhere the end is not answered either.
  disconnectTimeout: 200,
} satisfies RedisOptions;

/** Idempotent, and does not wait for a server that does not answer. */
export async function disconnectRedis(client: Redis): Promise<void> {
  if (client.status === 'end') return;
  const ended = once(client, 'end');
  client.disconnect();
  await ended;
}
