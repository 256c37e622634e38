import type { Transport, TransportContext } from '@ctq/messaging/transport';
import { AmqpConnection } from './amqp-connection.js';
import { amqpConfig, type AmqpOptions, readOptions } from './amqp-options.js';
import { maskedUrl, splitQuery } from './amqp-url.js';
import { amqpManifest } from './manifest.js';

/**
 * Queues in RabbitMQ, shared with Celery's Python programs.
 *
 * ```ts
 * const app = new Ctq('shop', { broker: amqp({ url: 'amqp://localhost' }) });
 * ```
 * @throws ConfigurationError for options that it does not have or cannot use.
 */
export function amqp(options: AmqpOptions = {}): Transport {
  const config = amqpConfig(readOptions({ ...options }));
  const url = maskedUrl(config.address);
  const place = { config, url, served: new Set<string>() };
  let isWarned = false;
  const warnOnce = ({ logger }: TransportContext): void => {
    if (isWarned || config.tls?.isUnchecked === undefined) return;
    isWarned = true;
    logger.warn(
      {},
      `The ${config.tls.isUnchecked} of ${url} is not checked: whoever is in between can read and change everything`,
    );
  };
  return {
    spec: 1,
    name: 'amqp',
    url,
    supports: amqpManifest,
    async connect(context, signal) {
      warnOnce(context);
      return await AmqpConnection.open(place, context, signal);
    },
  };
}

/**
 * What URLs of RabbitMQ resolve to: `amqp:`, `amqps:`, `pyamqp:`. Options may be in the query of the URL; those given as an object win, and `defaults` stand
 * behind both.
 * @throws ConfigurationError for URLs and options that cannot be used.
 */
export function createTransport(
  url: string,
  options: Readonly<Record<string, unknown>> = {},
  defaults: Readonly<Record<string, unknown>> = {},
): Transport {
  const { url: address, options: query } = splitQuery(url);
  return amqp({ ...readOptions(defaults), ...readOptions(query), ...readOptions(options), url: address });
}
