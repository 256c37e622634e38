import { inspect } from 'node:util';
import { openConnection } from '@ctq/messaging';
import { createLogger, type LogRecord } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { createTransport } from './index.js';

const secret = 'hunter2-is-my-p4ssw0rd';

/** Everything that anybody could print of it: own and hidden properties, causes, causes of causes. */
function everything(value: unknown): string {
  return inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null });
}

describeWith('redis', 'a connection whose password is refused', (url) => {
  const { hostname, port } = new URL(url);

  test('shows it nowhere: not in logs, errors and their causes, nor events, of any of its addresses', async () => {
    const logs: LogRecord[] = [];
    const events: unknown[] = [];
    const errors: unknown[] = [];
    const connection = openConnection({
      transport: [
        // Nobody listens on the first; the server refuses the second one's user.
        createTransport(`redis://nobody:${secret}@127.0.0.1:1/0`),
        createTransport(`redis://nobody:${secret}@${hostname}:${port}/0`),
      ],
      logger: createLogger((record) => logs.push(record)),
      retry: { maxRetries: 1, firstMs: 1, maxMs: 1 },
      publishTimeoutMs: 10_000,
    });
    connection.onStateChange((change) => events.push(change));
    const message = {
      body: new Uint8Array(),
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    };
    const attempts = [
      () => connection.connect(),
      () => connection.openChannel(),
      () => connection.producer.publish(message, { exchange: '', routingKey: 'q' }),
      () => connection.consume({ queues: [], onDelivery: () => undefined }).start(),
    ];
    for (const attempt of attempts) errors.push(await attempt().catch((error: unknown) => error));
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toMatchObject({ code: 'CTQ_TRANSPORT_CONNECTION' });
    expect(everything(errors)).toMatch(/WRONGPASS/);
    expect(everything(events)).toMatch(/nobody/);
    expect(logs.length).toBeGreaterThan(0);
    for (const shown of [errors, events, logs, connection.transport.url])
      expect(everything(shown)).not.toContain(secret);
    await connection.close();
  });
});
