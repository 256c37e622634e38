import type { Transport } from '../transport/transport.js';
import { virtualTransport, type VirtualTransportOptions } from '../virtual/virtual-transport.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryStore } from './memory-store.js';

export interface MemoryTransportOptions
  extends Pick<VirtualTransportOptions, 'queueOrder' | 'deadLetterQueue' | 'pollMs'> {
  /** Shown in the URL: `memory://name`. */
  readonly name?: string;
  /** Shares queues with the other transports over the same broker. Without it the transport has a broker of its own. */
  readonly broker?: MemoryBroker;
  /** Holds messages by leases of this duration instead of until the connection closes; for tests of what leases do. */
  readonly leaseMs?: number;
}

/**
 * Queues in this process's memory: the reference implementation, for tests and for programs whose client and worker are one process.
 * All connections of one transport, or of transports over one `broker`, see the same queues. Nothing survives the process.
 */
export function memoryTransport({
  name = '',
  broker = new MemoryBroker(),
  leaseMs,
  ...options
}: MemoryTransportOptions = {}): Transport {
  const url = `memory://${name}`;
  const createStore = (): MemoryStore =>
    new MemoryStore({ broker, url, ...(leaseMs === undefined ? {} : { leaseMs }) });
  // The broker's topology is at hand: nothing is gained by remembering it, and a new binding takes effect at once.
  return virtualTransport(createStore, {
    ...options,
    bindingsFreshMs: 0,
    recovery: leaseMs === undefined ? 'connection' : 'lease',
  });
}
