import type { FailoverStrategy } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import type { Settings } from '../config/settings.js';

/**
 * `brokerFailoverStrategy` for transports: a function of the settings is given URLs and gives URLs.
 * @param urls of the transports, in the same order.
 */
export function failoverStrategy(
  strategy: Settings['brokerFailoverStrategy'],
  urls: readonly string[],
): FailoverStrategy<Transport> {
  if (typeof strategy !== 'function') return strategy ?? 'round-robin';
  return function* transports(all) {
    for (const url of strategy(urls)) {
      const transport = all[urls.indexOf(url)];
      if (transport === undefined)
        throw new TypeError('brokerFailoverStrategy gave something else than one of the URLs.');
      yield transport;
    }
  };
}
