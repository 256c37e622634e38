import { memoryTransport, type MemoryBroker, TransportConnectionError } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { AppConnectionChange } from './app-broker.js';
import type { AppOptions } from './app-kernel.js';
import { Ctq } from './ctq.js';

/** An app whose URLs lead to memory, and who is away, by the host of the URL. */
function setup(options: AppOptions = {}) {
  const clock = new VirtualClock();
  const made: string[] = [];
  const tried: string[] = [];
  const away = new Set<string>();
  const silent = new Set<string>();
  const logs: LogRecord[] = [];
  const transport = (url: string): Transport => {
    made.push(url);
    const inner = memoryTransport();
    const host = /\/\/(?:[^@/]*@)?([^:/]+)/.exec(url)?.[1] ?? '';
    return {
      ...inner,
      url: url.replace(/:[^:/@]*@/, ':**@'),
      connect: async (context, signal) => {
        tried.push(host);
        if (silent.has(host)) await new Promise(() => undefined);
        if (away.has(host)) throw new TransportConnectionError(`${host} is away.`, { recoverable: true });
        return await inner.connect(context, signal);
      },
    };
  };
  const app = new Ctq('test', {
    adapters: { own: { transport }, amqp: { transport } },
    clock,
    logger: createLogger((record) => logs.push(record)),
    ...options,
  });
  return { app, clock, made, tried, away, silent, logs };
}

/** What the promise is rejected with. Asked for at once, so that a rejection during the test has its reader. */
function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the broker of an app', () => {
  test.each<[string, AppOptions]>([
    ['a list', { brokerUrl: ['own://a', 'own://b'] }],
    ['a text', { broker_url: 'own://a;own://b' }],
    ['the option broker', { broker: ['own://a', 'b'] }],
  ])('may have several addresses, as %s [ST-046]', async (_, options) => {
    const { app, away, tried, made } = setup(options);
    away.add('a');
    await using connection = await app.connect();
    await connection.connect();
    expect(tried).toEqual(['a', 'b']);
    expect(connection.transport.url).toBe('own://b');
    expect(made).toEqual(['own://a', 'own://b']);
    expect((await app.transports()).map(({ url }) => url)).toEqual(['own://a', 'own://b']);
    expect((await app.transport()).url).toBe('own://a');
  });

  test('may be several transports, for which a strategy is given their URLs', async () => {
    const [first, second] = [memoryTransport(), memoryTransport()].map((one, at) => ({
      ...one,
      url: `memory://${at}`,
    }));
    if (first === undefined || second === undefined) throw new Error('There are two.');
    const { app } = setup({ broker: [first, second], brokerFailoverStrategy: (urls) => [...urls].reverse() });
    await using connection = await app.connect();
    await connection.connect();
    expect(connection.transport.url).toBe('memory://1');
    await using other = await app.connect();
    expect(other.transport.url).toBe('memory://1');
  });

  test('sends through the addresses too', async () => {
    const { app, away, tried } = setup({ brokerUrl: 'own://a;own://b', taskPublishRetry: false });
    away.add('a');
    await app.task('add', (x: number, y: number) => x + y).delay(1, 2);
    expect(tried).toEqual(['a', 'b']);
    await app.close();
  });

  test.each([
    ['round-robin', ['a', 'b', 'c']],
    [(urls: readonly string[]) => [...urls].reverse(), ['c', 'b', 'a']],
  ] as const)('tries them in the order of brokerFailoverStrategy %s [ST-056]', async (strategy, order) => {
    const { app, away, tried } = setup({
      brokerUrl: ['own://a', 'own://b', 'own://c'],
      brokerFailoverStrategy: strategy,
      brokerConnectionRetry: false,
    });
    for (const host of 'abc') away.add(host);
    await using connection = await app.connect();
    await expect(connection.connect()).rejects.toThrow('None of 3 addresses');
    expect(tried).toEqual(order);
  });

  test('shuffles them with brokerFailoverStrategy shuffle [ST-056]', async () => {
    const { app, tried, away } = setup({ brokerUrl: 'own://a;own://b;own://c', brokerFailoverStrategy: 'shuffle' });
    for (const host of 'abc') away.add(host);
    for (let round = 0; round < 40; round += 1) {
      await using connection = await app.connect();
      const refused = failure(connection.connect());
      await connection.close();
      await refused;
    }
    expect(new Set(tried.slice(0, 40)).size).toBeGreaterThan(1);
  });

  test('refuses a strategy that gives something else, and what is none', async () => {
    const { app } = setup({ brokerUrl: 'own://a;own://b', brokerFailoverStrategy: () => ['own://elsewhere'] });
    await expect(app.connect()).rejects.toThrow(TypeError);
    expect(() => setup({ brokerFailoverStrategy: 'random' as 'shuffle' }).app.settings).toThrow(
      expect.objectContaining({ code: 'CTQ_SETTING_INVALID' }),
    );
  });

  test('brokerReadUrl is for consuming, brokerWriteUrl for publishing [ST-047, ST-048]', async () => {
    const { app, tried } = setup({
      brokerUrl: 'own://both',
      brokerReadUrl: 'own://read',
      brokerWriteUrl: ['own://write'],
    });
    await app.task('add', () => 1).delay();
    expect(tried).toEqual(['write']);
    await using connection = await app.connect();
    await connection.connect();
    expect(tried).toEqual(['write', 'read']);
    await using publishing = await app.connect('publish');
    expect(publishing.transport.url).toBe('own://write');
    await app.close();
  });

  test.each([
    [{ brokerUrl: 'own://both', brokerReadUrl: 'own://read' }, ['own://read', 'own://both']],
    [{ brokerUrl: 'own://both', brokerWriteUrl: 'own://write' }, ['own://both', 'own://write']],
    [{ broker: 'own://given', brokerReadUrl: 'own://read' }, ['own://read', 'own://given']],
    [{ brokerUrl: 'own://both' }, ['own://both', 'own://both']],
  ])('%j: the other purpose goes by brokerUrl [ST-047, ST-048]', async (settings, urls) => {
    const { app } = setup(settings);
    const found = [await app.transports('consume'), await app.transports('publish')].flat();
    expect(found.map(({ url }) => url)).toEqual(urls);
    // One transport for both where they are the same: a memory broker would be two otherwise.
    expect(found[0] === found[1]).toBe(urls[0] === urls[1]);
  });

  test('what the program that runs an app says stands above all of them', async () => {
    const { app } = setup({ brokerUrl: 'own://both', brokerReadUrl: 'own://read' });
    app.override({ broker: 'own://override' });
    expect((await app.transport()).url).toBe('own://override');
    expect(() => app.override({ broker: 'own://late' })).toThrow(
      expect.objectContaining({ code: 'CTQ_SETTINGS_IN_USE' }),
    );
  });

  test('may be given in parts [ST-049, ST-064, ST-065, ST-066, ST-067, ST-068]', async () => {
    const { app, made } = setup({
      BROKER_TRANSPORT: 'own',
      BROKER_HOST: 'h',
      BROKER_PORT: 7000,
      BROKER_USER: 'me',
      BROKER_PASSWORD: 'secret',
      BROKER_VHOST: 'v',
    });
    await app.transport();
    expect(made).toEqual(['own://me:secret@h:7000/v']);
    expect((await app.backend()).name).toBe('disabled');
  });

  test.each([
    [{}, 4_000],
    [{ brokerConnectionTimeout: '500ms' }, 500],
    [{ brokerConnectionTimeout: 30 }, 30_000],
  ] as const)(
    'an attempt to connect takes no longer than brokerConnectionTimeout: %j [ST-051]',
    async (settings, ms) => {
      const { app, silent, clock } = setup({ brokerUrl: 'own://a', brokerConnectionRetry: false, ...settings });
      silent.add('a');
      const connection = await app.connect();
      const refused = failure(connection.connect());
      await clock.advance(ms - 1);
      expect(connection.state).toBe('connecting');
      await clock.advance(1);
      expect(await refused).toMatchObject({ message: `No connection to own://a within ${ms} ms.` });
      await connection.close();
    },
  );

  test('brokerConnectionTimeout 0 is as long as it takes [ST-051]', async () => {
    const { app, silent, clock } = setup({ brokerUrl: 'own://a', brokerConnectionTimeout: 0 });
    silent.add('a');
    const connection = await app.connect();
    const connecting = failure(connection.connect());
    await clock.advance(3_600_000);
    expect(connection.state).toBe('connecting');
    await connection.close();
    await connecting;
  });

  test.each<[AppOptions, boolean]>([
    [{}, true],
    [{ brokerConnectionRetry: false }, false],
    [{ brokerConnectionRetryOnStartup: false }, false],
    [{ brokerConnectionRetry: false, brokerConnectionRetryOnStartup: true }, true],
    [{ brokerConnectionRetry: true, brokerConnectionRetryOnStartup: null }, true],
  ])('%j: the first connection is tried again: %s [ST-053, WK-048]', async (settings, isRetried) => {
    const { app, away, clock, tried } = setup({ brokerUrl: 'own://a', ...settings });
    away.add('a');
    const connection = await app.connect();
    const connecting = failure(connection.connect());
    await clock.advance(10_000);
    expect(tried.length > 1).toBe(isRetried);
    away.clear();
    await clock.advance(60_000);
    expect(connection.state).toBe(isRetried ? 'connected' : 'failed');
    await connecting;
    await connection.close();
  });
});

describe('a publish', () => {
  const slow = (broker?: MemoryBroker): Transport => {
    const inner = memoryTransport(broker === undefined ? {} : { broker });
    return { ...inner, connect: () => new Promise(() => undefined) };
  };
  const brokerConnectionTimeout = 0;

  test.each([
    [{}, {}, 30_000],
    [{ brokerPublishTimeout: '5s' }, {}, 5_000],
    [{ brokerPublishTimeout: '5s' }, { publishTimeout: '1s' }, 1_000],
    [{ brokerPublishTimeout: null }, { publishTimeout: 2 }, 2_000],
  ] as const)(
    'is over after brokerPublishTimeout %j, or what the call says %j [TR-098]',
    async (settings, call, ms) => {
      const { app, clock } = setup({ broker: slow(), brokerConnectionTimeout, ...settings });
      const late = failure(app.task('add', () => 1).applyAsync([], call));
      let isOver = false;
      void late.then(() => {
        isOver = true;
      });
      await clock.advance(ms - 1);
      expect(isOver).toBe(false);
      await clock.advance(1);
      expect(await late).toMatchObject({ code: 'CTQ_PUBLISH_TIMEOUT', outcome: 'not-sent' });
      await app.close();
    },
  );

  test.each([null, 0])('waits for ever with brokerPublishTimeout %s', async (brokerPublishTimeout) => {
    const { app, clock } = setup({ broker: slow(), brokerConnectionTimeout, brokerPublishTimeout });
    const late = failure(app.task('add', () => 1).delay());
    let isOver = false;
    void late.then(() => {
      isOver = true;
    });
    await clock.advance(3_600_000);
    expect(isOver).toBe(false);
    await app.close();
    expect(await late).toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
  });
});

describe('moves of the connections of an app', () => {
  test('are told with their purpose, as long as somebody listens', async () => {
    const { app, away, clock, logs } = setup({ brokerUrl: 'own://me:secret@a;own://me:secret@b' });
    const changes: AppConnectionChange[] = [];
    const unlisten = app.onConnectionChange((change) => changes.push(change));
    app.onConnectionChange(() => {
      throw new Error('a listener that throws');
    });
    away.add('a');
    await app.task('add', () => 1).delay();
    await using connection = await app.connect();
    await connection.connect();
    expect(changes.map(({ purpose, event, url }) => [purpose, event, url])).toEqual([
      ['publish', 'connect', 'own://me:**@a'],
      ['publish', 'failover', 'own://me:**@b'],
      ['publish', 'established', 'own://me:**@b'],
      ['consume', 'connect', 'own://me:**@a'],
      ['consume', 'failover', 'own://me:**@b'],
      ['consume', 'established', 'own://me:**@b'],
    ]);
    expect(logs.some(({ message }) => message.includes('listener'))).toBe(true);
    unlisten();
    await app.close();
    await clock.advance(0);
    expect(changes).toHaveLength(6);
  });
});
