import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';

/** Memory that workers take for a broker in a network, with others behind it. */
export function networked(transport: Transport = memoryTransport()): Transport {
  return {
    spec: 1,
    name: transport.name,
    supports: { ...transport.supports, reach: 'network' },
    url: transport.url,
    connect: (context, signal) => transport.connect(context, signal),
  };
}
