import type { Clock, Logger, Timer } from '@ctq/runtime';
import type { Redis } from 'ioredis';

export interface HealthCheckOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the log: without passwords. */
  readonly url: string;
}

/**
 * Asks a connection now and then whether it is alive, and ends one that does not answer: of a server that vanished behind a network nothing is heard, and
 * who only listens would never notice. Ends by itself with the connection.
 */
export function checkHealth(client: Redis, { intervalMs, clock, logger, url }: HealthCheckOptions): void {
  if (intervalMs <= 0) return;
  let timer: Timer;
  const after = (work: () => void): void => {
    timer = clock.setTimer(work, intervalMs, { background: true });
  };
  const ask = (): void => {
    after(() => {
      logger.warn({ intervalMs }, `${url} does not answer; the connection is given up`);
      client.disconnect();
    });
    client.ping().then(
      () => {
        timer.cancel();
        if (client.status === 'ready') after(ask);
      },
      () => timer.cancel(),
    );
  };
  client.once('end', () => timer.cancel());
  after(ask);
}
