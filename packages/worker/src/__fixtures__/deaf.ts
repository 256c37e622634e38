import { memoryTransport } from '@ctq/messaging';
import type { Channel, Transport } from '@ctq/messaging/transport';

/** A broker that takes messages and gives none to consumers. */
export function deaf(): Transport {
  const inner = memoryTransport();
  return {
    ...inner,
    async connect(context, signal) {
      const connection = await inner.connect(context, signal);
      const openChannel = async (): Promise<Channel> =>
        new Proxy(await connection.openChannel(), {
          get(target, key) {
            const { closed } = target;
            const cancel = (): Promise<void> => Promise.resolve();
            if (key === 'consume') return () => Promise.resolve({ consumerTag: 'deaf', ended: closed, cancel });
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        });
      return { openChannel, close: () => connection.close(), closed: connection.closed };
    },
  };
}
