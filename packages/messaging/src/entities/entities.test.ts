import { describe, expect, test } from 'vitest';
import type { QueueInfo, Topology } from '../transport/channel.js';
import { binding } from './binding.js';
import { declareQueue, staysDeclared } from './declare.js';
import { defaultExchange, exchange, exchangeDeclaration } from './exchange.js';
import { queue, queueDeclaration } from './queue.js';

/** A topology that writes down what it is asked for. */
function recordingTopology(): Topology & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    declareExchange: async ({ name }) => void calls.push(`exchange ${name}`),
    declareQueue: async ({ name }) => {
      calls.push(`queue ${name}`);
      return { name: name === '' ? 'amq.gen-1' : name, messageCount: 0, consumerCount: 0 };
    },
    bindQueue: async (bound) => void calls.push(`bind ${bound.queue} to ${bound.exchange} by ${bound.routingKey}`),
    unbindQueue: async () => undefined,
    deleteExchange: async () => undefined,
    deleteQueue: async () => 0,
    purgeQueue: async () => 0,
  };
}

describe('exchange', () => {
  test('is direct and durable, and leaves the delivery mode to the sender, unless it says otherwise [MS-037] [MS-041]', () => {
    expect(exchange('celery')).toEqual({
      name: 'celery',
      type: 'direct',
      durable: true,
      autoDelete: false,
      arguments: {},
      noDeclare: false,
      passive: false,
    });
    expect(exchange('x', { deliveryMode: 1 }).deliveryMode).toBe(1);
    expect(exchangeDeclaration(exchange('x', { type: 'fanout', durable: false }))).toEqual({
      name: 'x',
      type: 'fanout',
      durable: false,
      autoDelete: false,
      arguments: {},
    });
    const asked = exchange('x', { passive: true, autoDelete: true, arguments: { 'alternate-exchange': 'other' } });
    expect(exchangeDeclaration(asked)).toEqual({
      name: 'x',
      type: 'direct',
      durable: true,
      autoDelete: true,
      arguments: { 'alternate-exchange': 'other' },
      passive: true,
    });
  });

  test('the default exchange is never declared [MS-040]', () => {
    expect(defaultExchange.noDeclare).toBe(true);
  });
});

describe('queue', () => {
  test('is durable, shared, acknowledged and on the default exchange unless it says otherwise [MS-043]', () => {
    expect(queue('q')).toEqual({
      name: 'q',
      exchange: defaultExchange,
      routingKey: '',
      bindings: [],
      durable: true,
      exclusive: false,
      autoDelete: false,
      noAck: false,
      noDeclare: false,
      arguments: {},
      bindingArguments: {},
      consumerArguments: {},
    });
  });

  test('maps its limits to broker arguments in milliseconds [MS-044]', () => {
    const limited = queue('q', { expires: 60, messageTtl: '5s', maxLength: 10, maxLengthBytes: 1_000, maxPriority: 9 });
    expect(queueDeclaration(limited).arguments).toEqual({
      'x-expires': 60_000,
      'x-message-ttl': 5_000,
      'x-max-length': 10,
      'x-max-length-bytes': 1_000,
      'x-max-priority': 9,
    });
  });

  test('keeps the arguments it was given, the limits win [MS-043]', () => {
    const given = { 'x-queue-type': 'quorum', 'x-message-ttl': 1 };
    expect(queue('q', { arguments: given, messageTtl: 2 }).arguments).toEqual({
      'x-queue-type': 'quorum',
      'x-message-ttl': 2_000,
    });
  });

  test('is deleted when unused if it is exclusive [MS-045]', () => {
    expect(queue('q', { exclusive: true }).autoDelete).toBe(true);
    expect(queue('q').autoDelete).toBe(false);
  });

  test('declares its exchange, itself, and its bindings with their exchanges [MS-046] [MS-049]', async () => {
    const topology = recordingTopology();
    const events = exchange('events', { type: 'topic' });
    const described = queue('q', { exchange: exchange('x'), routingKey: 'k', bindings: [binding(events, 'task.#')] });
    expect(await declareQueue(topology, described)).toBe('q');
    expect(topology.calls).toEqual([
      'exchange x',
      'queue q',
      'bind q to x by k',
      'exchange events',
      'bind q to events by task.#',
    ]);
  });

  test('tells what the broker said of it, before it is bound [MS-051]', async () => {
    const topology = recordingTopology();
    const told: QueueInfo[] = [];
    const onDeclared = (info: QueueInfo): void => {
      topology.calls.push('told');
      told.push(info);
    };
    await declareQueue(topology, queue('', { exchange: exchange('x'), onDeclared }));
    expect(told).toEqual([{ name: 'amq.gen-1', messageCount: 0, consumerCount: 0 }]);
    expect(topology.calls).toEqual(['exchange x', 'queue ', 'told', 'bind amq.gen-1 to x by ']);
  });

  test('is bound with its own arguments, and with those of each further binding [MS-043, MS-049]', async () => {
    const given: unknown[] = [];
    const topology: Topology = {
      ...recordingTopology(),
      bindQueue: async (bound) => void given.push([bound.exchange, bound.arguments]),
    };
    const bindings = [binding(exchange('y'), 'k', { arguments: { b: 2 } })];
    await declareQueue(topology, queue('q', { exchange: exchange('x'), bindings, bindingArguments: { a: 1 } }));
    expect(given).toEqual([
      ['x', { a: 1 }],
      ['y', { b: 2 }],
    ]);
  });

  test('is bound under the name that the broker chose [MS-046]', async () => {
    const topology = recordingTopology();
    expect(await declareQueue(topology, queue('', { exchange: exchange('x') }))).toBe('amq.gen-1');
    expect(topology.calls.at(-1)).toBe('bind amq.gen-1 to x by ');
  });

  test('on the default exchange it is declared and not bound [MS-040] [MS-080]', async () => {
    const topology = recordingTopology();
    await declareQueue(topology, queue('q'));
    expect(topology.calls).toEqual(['queue q']);
  });

  test('is left alone when somebody else declares it [MS-043]', async () => {
    const topology = recordingTopology();
    expect(await declareQueue(topology, queue('q', { exchange: exchange('x'), noDeclare: true }))).toBe('q');
    expect(topology.calls).toEqual([]);
  });

  test('is plain data that is never changed: two of the same description are equal [MS-042]', () => {
    const describeIt = () =>
      queue('q', { exchange: exchange('x'), bindings: [binding(exchange('y'), 'k')], expires: 1 });
    expect(describeIt()).toEqual(describeIt());
    expect(describeIt()).not.toEqual(queue('q'));
    expect(JSON.parse(JSON.stringify(describeIt()))).toEqual(describeIt());
    for (const described of [describeIt(), describeIt().exchange, describeIt().bindings[0]])
      expect(Object.isFrozen(described)).toBe(true);
  });

  test('has to be declared again when it may vanish meanwhile [MS-042]', () => {
    expect(staysDeclared(queue('q'))).toBe(true);
    expect(staysDeclared(queue('q', { autoDelete: true }))).toBe(false);
    expect(staysDeclared(queue('q', { expires: 60 }))).toBe(false);
  });
});
