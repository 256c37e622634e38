import { silentLogger, systemClock } from '@ctq/runtime';
import type { Delivery, TransportConnection } from '@ctq/messaging/transport';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forkFixture, messageOf, testFile } from '@ctq/test-services/vitest';
import { entry, openStore } from '../test/open-store.js';
import { sqlite } from './sqlite-transport.js';

async function connect(path: string, leaseDuration: `${number}ms` | '30s' = '30s'): Promise<TransportConnection> {
  const transport = sqlite({ path, leaseDuration });
  const connection = await transport.connect(
    { clock: systemClock, logger: silentLogger },
    new AbortController().signal,
  );
  onTestFinished(() => connection.close());
  return connection;
}

describe('processes that name the same file', () => {
  test('share its queues: every message is taken by one of them', async () => {
    const path = await testFile();
    const children = [
      forkFixture(new URL('../test/consume.mjs', import.meta.url), [path, 'work', '30s', 'ack']),
      forkFixture(new URL('../test/consume.mjs', import.meta.url), [path, 'work', '30s', 'ack']),
    ];
    await Promise.all(children.map(messageOf));
    const taken: string[] = [];
    const done = new Promise<void>((resolve) => {
      for (const child of children) {
        child.on('message', ({ text }: { text: string }) => {
          taken.push(text);
          if (taken.length === 300) resolve();
        });
      }
    });
    const channel = await (await connect(path)).openChannel();
    const texts = Array.from({ length: 300 }, (_, index) => String(index));
    await Promise.all(
      texts.map((text) => channel.publish(entry('work', text).message, { exchange: '', routingKey: 'work' })),
    );
    await done;
    expect(taken.toSorted()).toEqual(texts.toSorted());
    const store = await openStore(path);
    expect(await store.size('work')).toEqual({ waiting: 0, parked: 0, held: 0 });
  });

  test('wake each other: who waits is told of a push elsewhere without a poll', async () => {
    const path = await testFile();
    const store = await openStore(path);
    const child = forkFixture(new URL('../test/push-when-told.mjs', import.meta.url), [path, 'work']);
    await messageOf(child);
    for (let round = 0; round < 5; round += 1) {
      const arrival = store.wait(['work'], new AbortController().signal);
      child.send(`message ${round}`);
      await arrival;
      const held = await store.pop({ queues: ['work'], limit: 10, noAck: true });
      expect(held).toHaveLength(1);
    }
  });
});

describe('a process that is killed with -9', () => {
  test('gives its messages back when its lease has run out, marked as redelivered', async () => {
    const path = await testFile();
    const channel = await (await connect(path, '300ms')).openChannel();
    await channel.publish(entry('work', 'precious').message, { exchange: '', routingKey: 'work' });
    const child = forkFixture(new URL('../test/consume.mjs', import.meta.url), [path, 'work', '300ms', 'hold']);
    const held = new Promise<unknown>((resolve) =>
      child.on('message', (message) => message !== 'ready' && resolve(message)),
    );
    expect(await held).toEqual({ text: 'precious' });
    expect(await channel.get('work')).toBeUndefined();
    child.kill('SIGKILL');
    const delivery = await new Promise<Delivery>((resolve) => void channel.consume('work', {}, resolve));
    expect([Buffer.from(delivery.message.body).toString(), delivery.redelivered, delivery.deliveryCount]).toEqual([
      'precious',
      true,
      1,
    ]);
    await delivery.ack();
  });
});

describe('a main loop that is blocked for longer than its lease', () => {
  async function holdAndBlock(mode: 'keeper' | 'alone') {
    const path = await testFile();
    const leaseMs = 400;
    const store = await openStore(path, { leaseMs });
    await store.push([entry('work', 'long')]);
    const child = forkFixture(new URL('../test/block-while-holding.mjs', import.meta.url), [
      path,
      'work',
      String(leaseMs),
      mode,
    ]);
    expect(await messageOf(child)).toBe('holding');
    const report = messageOf(child);
    let isOver = false;
    void report.finally(() => {
      isOver = true;
    });
    let swept = 0;
    while (!isOver) {
      swept += await store.lease.sweep();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { swept, report: await report, size: await store.size('work') };
  }

  test('keeps what it holds where a keeper thread renews', async () => {
    expect(await holdAndBlock('keeper')).toEqual({
      swept: 0,
      report: { isHeld: true },
      size: { waiting: 0, parked: 0, held: 0 },
    });
  });

  test('loses it where none does, and knows', async () => {
    expect(await holdAndBlock('alone')).toEqual({
      swept: 1,
      report: { isHeld: false },
      size: { waiting: 1, parked: 0, held: 0 },
    });
  });
});
