import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { readMethods, type SentMethod } from './amqp-frames.js';

export type { SentContent, SentMethod } from './amqp-frames.js';
export type { FieldTable, TypedField } from './field-reader.js';
export { readMethods };

/** Between clients and a RabbitMQ server; hands on what they send, and keeps it. */
export interface AmqpTap extends AsyncDisposable {
  /** The server's, by way of the tap. */
  readonly url: string;
  /** Over all connections, the older ones first. */
  sent(): readonly SentMethod[];
}

/** Listens on a free port of this machine. */
export async function tapAmqp(url: string): Promise<AmqpTap> {
  const server = new URL(url);
  const connections: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(server.port === '' ? 5672 : Number(server.port), server.hostname);
    const sent: Buffer[] = [];
    connections.push(sent);
    for (const socket of [client, upstream]) socket.setNoDelay(true);
    client.on('data', (bytes) => sent.push(Buffer.from(bytes)));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const tapped = new URL(url);
  tapped.hostname = '127.0.0.1';
  tapped.port = String((listener.address() as AddressInfo).port);
  return {
    url: tapped.href,
    sent: () => connections.flatMap((bytes) => readMethods(Buffer.concat(bytes))),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
