import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { withChannels } from './with-channels.js';

/** A broker that takes messages and gives none to consumers. */
export function deaf(): Transport {
  return withChannels(memoryTransport(), ({ closed }) => ({
    consume: () => Promise.resolve({ consumerTag: 'deaf', ended: closed, cancel: () => Promise.resolve() }),
  }));
}
