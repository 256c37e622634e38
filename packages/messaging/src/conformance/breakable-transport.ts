import { type Deferred, deferred } from '@ctq/runtime';
import { TransportConnectionError } from '../errors.js';
import { MemoryBroker } from '../memory/memory-broker.js';
import { MemoryStore } from '../memory/memory-store.js';
import type { QueueStore } from '../store/queue-store.js';
import type { CloseReason } from '../transport/channel.js';
import type { Transport } from '../transport/transport.js';
import { virtualTransport, type VirtualTransportOptions } from '../virtual/virtual-transport.js';
import { tamperedStore } from './tampered-store.js';

/** A memory transport whose connections can be cut, for tests of what happens then. */
export interface BreakableTransport {
  readonly transport: Transport;
  readonly broker: MemoryBroker;
  /** Attempts to connect, refused ones included. */
  readonly attempts: number;
  /** Connections that are open. */
  readonly open: number;
  /** Every connection is lost, as by a broker that went away; what it held goes back to its queues. */
  cut(): void;
  /** Until it is called with undefined, attempts to connect are answered so: by an error, not at all, or when the promise resolves. */
  refuse(answer: Error | 'silence' | Promise<void> | undefined): void;
}

export function connectionRefused(recoverable = true): TransportConnectionError {
  return new TransportConnectionError('Connection refused.', { recoverable });
}

export function breakableTransport(options: VirtualTransportOptions = {}): BreakableTransport {
  const broker = new MemoryBroker();
  const connections = new Map<Deferred<CloseReason>, QueueStore>();
  let answer: Error | 'silence' | Promise<void> | undefined;
  let attempts = 0;

  const createStore = (): QueueStore =>
    tamperedStore(new MemoryStore({ broker, url: 'memory://breakable' }), (sound) => {
      const closed = deferred<CloseReason>();
      return {
        closed: closed.promise,
        async open(context, signal) {
          attempts += 1;
          if (answer === 'silence') await new Promise(() => undefined);
          if (answer instanceof Error) throw answer;
          await answer;
          await sound.open(context, signal);
          connections.set(closed, sound);
        },
        async close() {
          connections.delete(closed);
          await sound.close();
        },
      };
    });

  return {
    transport: virtualTransport(createStore, { bindingsFreshMs: 0, recovery: 'connection', ...options }),
    broker,
    get attempts() {
      return attempts;
    },
    get open() {
      return connections.size;
    },
    cut() {
      for (const [closed, store] of connections) {
        closed.resolve({ error: new TransportConnectionError('The connection was cut.', { recoverable: true }) });
        void store.close();
      }
      connections.clear();
    },
    refuse(next) {
      answer = next;
    },
  };
}
