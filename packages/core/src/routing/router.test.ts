import { broadcast, exchange, type Message, memoryTransport, queue, type Route, UnroutableError } from '@ctq/messaging';
import { ConfigurationError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { AppOptions } from '../app/app-kernel.js';
import { Ctq } from '../app/ctq.js';
import type { TaskRoutes } from '../config/route-setting.js';
import { workerDirect } from './worker-direct.js';

/** An app whose calls stop before the broker. */
function setup(options: AppOptions = {}) {
  const sent: { message: Message; route: Route }[] = [];
  const app = new Ctq('shop', {
    broker: 'memory://',
    interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
    ...options,
  });
  const send = async (...call: Parameters<typeof app.sendTask>) => {
    await app.sendTask(...call);
    const last = sent.at(-1);
    if (last === undefined) throw new Error('Nothing was sent.');
    return last;
  };
  const queueOf = async (...call: Parameters<typeof app.sendTask>) => (await send(...call)).route.routingKey;
  return { app, send, queueOf };
}

const feeds = queue('feeds', { exchange: exchange('feeds', { type: 'topic' }), routingKey: 'feed.#' });

describe('taskRoutes', () => {
  test('as an object: exact names first, then patterns in their order, for the whole name [TR-249, ST-175]', async () => {
    const { queueOf } = setup({
      taskRoutes: {
        'feed.*': 'feeds',
        'feed.hot.?x*': 'late',
        '*.[ab]z': 'set',
        '*.[!c].neg': 'negated',
        'feed.one': 'one',
        'q?': 'no',
      },
    });
    expect(await queueOf('feed.one')).toBe('one');
    expect(await queueOf('feed.hot.ax')).toBe('feeds');
    expect(await queueOf('my.feed.x')).toBe('celery');
    expect(await queueOf('x.az')).toBe('set');
    expect(await queueOf('x.cz')).toBe('celery');
    expect(await queueOf('x.d.neg')).toBe('negated');
    expect(await queueOf('x.c.neg')).toBe('celery');
    expect(await queueOf('x+az')).toBe('celery');
    // Without a star it is a name and no pattern.
    expect(await queueOf('qa')).toBe('celery');
    expect(await queueOf('q?')).toBe('no');
  });

  test('as pairs, with regular expressions that match from the start of the name [TR-249, TR-251]', async () => {
    const { queueOf } = setup({
      taskRoutes: [
        [/(?:video|image)\.small/g, 'small'],
        ['video.*', { queue: 'media' }],
        ['video.exact', 'exact'],
        [/late/, 'unreached'],
      ],
    });
    for (let times = 0; times < 2; times += 1) expect(await queueOf('image.small.thumb')).toBe('small');
    expect(await queueOf('video.cut')).toBe('media');
    expect(await queueOf('video.exact')).toBe('exact');
    expect(await queueOf('too.late')).toBe('celery');
  });

  test('as a list: the first router that has something to say wins [TR-255, TR-252]', async () => {
    const asked: string[] = [];
    const routes: TaskRoutes = [
      { 'a.*': 'tables' },
      (name) => {
        asked.push(name);
        return name === 'b' ? { queue: 'functions' } : null;
      },
      [['c', 'pairs']],
      ['d', 'pair'],
      () => 'rest',
    ];
    const { queueOf } = setup({ taskRoutes: routes });
    const queues: string[] = [];
    for (const name of ['a.x', 'b', 'c', 'd', 'e']) queues.push(await queueOf(name));
    expect(queues).toEqual(['tables', 'functions', 'pairs', 'pair', 'rest']);
    expect(asked).toEqual(['b', 'c', 'd', 'e']);
  });

  test('as a function, which is given the call and the task [TR-252]', async () => {
    const calls: unknown[] = [];
    const { app, send } = setup({
      taskRoutes: (...call) => {
        calls.push(call);
        return undefined;
      },
    });
    const task = app.task('pack', { priority: 3 }, (x: number) => x);
    await task.applyAsync([1], { countdown: 2 });
    await send('elsewhere', [], { y: 1 });
    expect(calls).toMatchObject([
      ['pack', [1], {}, { countdown: 2 }, { name: 'pack', options: { priority: 3 } }],
      ['elsewhere', [], { y: 1 }, {}, undefined],
    ]);
  });

  test('a function that gives something else is an error that says so', async () => {
    const { send } = setup({ taskRoutes: (() => Promise.resolve('later')) as never });
    await expect(send('a')).rejects.toThrow(/router gave no route for task 'a'.*synchronously/);
  });

  test.each<[string, unknown]>([
    ['a text', 'shop.routers.Router'],
    ['an option that does not exist', { a: { que: 'x' } }],
    ['a queue without a name', { a: '' }],
    ['a list of texts', ['a', 1]],
  ])('refuses %s', (_, taskRoutes) => {
    expect(() => new Ctq('x', { taskRoutes: taskRoutes as never }).settings).toThrow(/taskRoutes.*expected routes/);
  });

  test('has what a route says behind what the task says, and that behind the call [TR-250, TR-256]', async () => {
    const { app, send } = setup({
      taskQueues: [queue('celery'), feeds],
      taskDefaultPriority: 1,
      taskRoutes: {
        '*': {
          queue: 'feeds',
          routing_key: 'feed.import',
          priority: 3,
          serializer: 'msgpack',
          compression: 'gzip',
          delivery_mode: 1,
          headers: { from: 'route' },
        },
      },
    });
    app.task('plain', () => 1);
    app.task('own', { priority: 0, serializer: 'json', deliveryMode: 2, routingKey: 'feed.own' }, () => 1);
    const plain = await send('plain');
    expect(plain.route).toEqual({ exchange: 'feeds', routingKey: 'feed.import' });
    expect(plain.message).toMatchObject({
      contentType: 'application/x-msgpack',
      headers: { from: 'route', compression: 'application/x-gzip' },
      properties: { priority: 3, deliveryMode: 1 },
    });
    const own = await send('own');
    expect(own.route).toEqual({ exchange: 'feeds', routingKey: 'feed.own' });
    expect(own.message).toMatchObject({
      contentType: 'application/json',
      properties: { priority: 0, deliveryMode: 2 },
    });
    const call = await send(
      'own',
      [],
      {},
      { queue: 'celery', priority: 9, routingKey: 'x', headers: { from: 'call' } },
    );
    expect(call.route).toEqual({ exchange: '', routingKey: 'celery' });
    expect(call.message).toMatchObject({ headers: { from: 'call' }, properties: { priority: 9 } });
  });
});

describe('A destination', () => {
  test('with exchange and key is where the message goes; with one of them over a direct exchange, the queue is [TR-082, TR-055]', async () => {
    const { app, send } = setup();
    const routeOf = async (options: Parameters<typeof app.sendTask>[3]) => (await send('a', [], {}, options)).route;
    expect(await routeOf({ exchange: 'media', routingKey: 'video' })).toEqual({
      exchange: 'media',
      routingKey: 'video',
    });
    expect(await routeOf({ exchange: 'media', queue: 'q' })).toEqual({ exchange: '', routingKey: 'q' });
    expect(await routeOf({ routingKey: 'video', queue: 'q' })).toEqual({ exchange: '', routingKey: 'q' });
    expect(await routeOf({ exchange: 'all', exchangeType: 'fanout' })).toEqual({ exchange: 'all', routingKey: '' });
    app.task('own', { exchange: 'media', routingKey: 'image' }, () => 1);
    expect((await send('own')).route).toEqual({ exchange: 'media', routingKey: 'image' });
  });

  test('of a queue behind an exchange that is not direct is that exchange, with the key of call or queue [TR-081, TR-082, TR-256]', async () => {
    const { send } = setup({ taskQueues: [feeds] });
    expect((await send('a', [], {}, { queue: 'feeds' })).route).toEqual({ exchange: 'feeds', routingKey: 'feed.#' });
    expect((await send('a', [], {}, { queue: 'feeds', routingKey: 'feed.import' })).route).toEqual({
      exchange: 'feeds',
      routingKey: 'feed.import',
    });
    const other = queue('other', { exchange: exchange('o', { type: 'topic' }), routingKey: 'o.#' });
    expect((await send('a', [], {}, { queue: other })).route).toEqual({ exchange: 'o', routingKey: 'o.#' });
  });

  test('has the delivery mode of its exchange, unless call, task or route have one [TR-095, MS-041]', async () => {
    const { app, send } = setup({ taskQueues: [queue('q', { exchange: exchange('x', { deliveryMode: 1 }) })] });
    const modeOf = async (name: string, options: Parameters<typeof app.sendTask>[3] = {}) =>
      (await send(name, [], {}, { queue: 'q', ...options })).message.properties.deliveryMode;
    app.task('own', { deliveryMode: 2 }, () => 1);
    expect(await modeOf('a')).toBe(1);
    expect(await modeOf('own')).toBe(2);
    expect(await modeOf('own', { deliveryMode: 1 })).toBe(1);
    expect(await modeOf('a', { queue: 'celery' })).toBe(2);
  });

  test('may be named by the alias of its queue [TR-268]', async () => {
    const { queueOf } = setup({
      taskQueues: [queue('q-2030-01', { alias: 'current' })],
      taskRoutes: { aliased: 'current' },
    });
    expect(await queueOf('aliased')).toBe('q-2030-01');
  });

  test('of a broadcast is its fan-out exchange, and of one worker its own queue [TR-265, TR-266]', async () => {
    const { send } = setup({ taskQueues: [broadcast('news')], taskRoutes: { tell: 'news' } });
    expect((await send('tell')).route.exchange).toBe('news');
    expect((await send('a', [], {}, { queue: workerDirect('w1@host') })).route).toEqual({
      exchange: '',
      routingKey: 'w1@host.dq2',
    });
  });

  test('that is mandatory and does not exist is an error of the call [TR-097]', async () => {
    await using app = new Ctq('shop', { broker: memoryTransport() });
    const options = { exchange: 'nowhere', routingKey: 'x' };
    await expect(app.sendTask('a', [], {}, { ...options, mandatory: true })).rejects.toSatisfy((error) =>
      UnroutableError.isInstance(error),
    );
    await app.sendTask('a', [], {}, options);
    app.task('own', { ...options, mandatory: true }, () => 1);
    await expect(app.sendTask('own')).rejects.toThrow(/No queue took the message/);
  });
});

describe('Queues', () => {
  const queuesOf = (options: AppOptions) => new Ctq('shop', options).kernel.queues;

  test('that are not in taskQueues are made up, direct and by their own name [TR-259, ST-153]', () => {
    expect(queuesOf({}).named('new')).toEqual(queue('new', { exchange: exchange('new'), routingKey: 'new' }));
    expect(queuesOf({}).known.map(({ name }) => name)).toEqual(['celery']);
  });

  test('that are made up have the types that the settings say [TR-259, ST-154, ST-155]', () => {
    const made = queuesOf({ taskCreateMissingQueueType: 'quorum', taskCreateMissingQueueExchangeType: 'topic' }).named(
      'new',
    );
    expect(made.arguments).toEqual({ 'x-queue-type': 'quorum' });
    expect(made.exchange).toEqual(exchange('new', { type: 'topic' }));
  });

  test('that are not known are an error with taskCreateMissingQueues off [TR-257, ST-153]', async () => {
    const { app, send } = setup({ taskQueues: [feeds], taskCreateMissingQueues: false });
    const refused = send('a', [], {}, { queue: 'fedes' });
    await expect(refused).rejects.toThrow("There is no queue 'fedes' in taskQueues (feeds)");
    await expect(refused).rejects.toSatisfy(
      (error) => ConfigurationError.isInstance(error) && error.code === 'CTQ_QUEUE_NOT_FOUND',
    );
    await send('a', [], {}, { queue: 'feeds' });
    // The default queue is none of them either.
    expect(() => app.kernel.queues.named('celery')).toThrow(/CTQ_QUEUE_NOT_FOUND|There is no queue 'celery'/);
  });

  test('may be described by name, with the names that Celery has for it [TR-261, ST-171]', () => {
    const queues = queuesOf({
      taskQueues: {
        video: {
          exchange: 'media',
          exchange_type: 'topic',
          binding_key: 'media.video',
          queue_arguments: { 'x-max-length': 9 },
        },
        image: { exchange: 'media', exchangeType: 'topic', routingKey: 'media.image', deliveryMode: 1, durable: false },
        plain: {},
        made: queue('made-up-name', { exchange: exchange('m') }),
      },
    });
    expect(queues.known).toEqual([
      queue('video', {
        exchange: exchange('media', { type: 'topic' }),
        routingKey: 'media.video',
        arguments: { 'x-max-length': 9 },
      }),
      queue('image', {
        exchange: exchange('media', { type: 'topic', deliveryMode: 1, durable: false }),
        routingKey: 'media.image',
        durable: false,
      }),
      queue('plain', { exchange: exchange('celery'), routingKey: 'plain' }),
      queue('made-up-name', { exchange: exchange('m'), routingKey: 'celery' }),
    ]);
    expect(() => queuesOf({ taskQueues: { video: { exchnage: 'media' } } as never })).toThrow(/taskQueues.*expected/);
  });

  test('have the default exchange and routing key where they have none [TR-262]', () => {
    const [found] = queuesOf({ taskQueues: [queue('q')], taskDefaultExchange: 'x', taskDefaultRoutingKey: 'k' }).known;
    expect(found).toEqual(queue('q', { exchange: exchange('x'), routingKey: 'k' }));
  });

  test('have taskQueueMaxPriority unless they have one [TR-262, ST-172]', () => {
    const queues = queuesOf({ taskQueueMaxPriority: 10, taskQueues: [queue('a'), queue('b', { maxPriority: 5 })] });
    expect(queues.known.map((one) => one.arguments)).toEqual([{ 'x-max-priority': 10 }, { 'x-max-priority': 5 }]);
    expect(queues.named('new').arguments).toEqual({ 'x-max-priority': 10 });
  });

  test('the default queue is a quorum queue where taskDefaultQueueType says so [TR-263, ST-159]', () => {
    expect(queuesOf({ taskDefaultQueueType: 'quorum' }).named('celery').arguments).toEqual({
      'x-queue-type': 'quorum',
    });
    expect(queuesOf({ taskDefaultQueueType: 'quorum' }).named('other').arguments).toEqual({});
  });
});
