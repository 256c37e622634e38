import { memoryTransport, TransportConnectionError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { deferred } from '@ctq/runtime';

/** Memory whose connections can be broken from outside. */
export function losable(): { readonly transport: Transport; readonly lose: () => void } {
  const inner = memoryTransport();
  const breaks: (() => void)[] = [];
  const transport: Transport = {
    spec: 1,
    name: inner.name,
    supports: inner.supports,
    url: inner.url,
    async connect(context, signal) {
      const connection = await inner.connect(context, signal);
      const broken = deferred<{ readonly error: Error }>();
      breaks.push(() => {
        void connection.close();
        broken.resolve({ error: new TransportConnectionError('The cable was pulled.', { recoverable: true }) });
      });
      return {
        ...connection,
        openChannel: () => connection.openChannel(),
        close: () => connection.close(),
        closed: broken.promise,
      };
    },
  };
  return {
    transport,
    lose: () => {
      for (const fail of breaks.splice(0)) fail();
    },
  };
}
