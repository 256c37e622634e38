import { redisBackend } from '@ctq/backend-redis';
import { type AppOptions, Ctq } from '@ctq/core';
import { broadcast } from '@ctq/messaging';
import { Deadline } from '@ctq/runtime';
import { type SentMethod, tapAmqp } from '@ctq/test-services/amqp-tap';
import { loadVectors } from '@ctq/wire-vectors';
import { Worker } from '@ctq/worker';
import { afterAll, expect, test } from 'vitest';
import { deleteQueues } from './ctq-peer.js';
import { describeOverRabbitMq, transportOf } from './places.js';

type Arguments = Readonly<Record<string, unknown>>;

interface Frame {
  readonly from: string;
  readonly method: string;
  readonly args?: Arguments;
}

/** What is declared, and how: by the frames of one side. */
type Declared = readonly (readonly [method: string, args: Arguments])[];

const declaring = new Set(['exchange.declare', 'queue.declare', 'queue.bind']);

/** Not ctq's, or not yet: remote control and events; and what delays messages, which the transport's own tests compare. */
const others = /pidbox|^celeryev|^celery_delayed|\.dq2$/;

/** By which a queue is given what was delayed for it: Celery's is too wide. */
const delayedKey = /^(?:#\.|(?:\*\.){28})/;

const isCompared = (args: Arguments): boolean =>
  !others.test(String(args['queue'] ?? args['exchange'] ?? '')) && !delayedKey.test(String(args['routing-key'] ?? ''));

/** Names of broadcast queues are new each time. */
const renamed = (args: Arguments): Arguments => ({
  ...args,
  ...(typeof args['queue'] === 'string' ? { queue: args['queue'].replace(/^bcast\..*/, 'bcast.<uuid>') } : {}),
});

/** Each once, as Celery declares some again. */
function declaredIn(frames: readonly (readonly [method: string, args: Arguments])[]): Declared {
  const found = new Map(
    frames
      .filter(([method, args]) => declaring.has(method) && isCompared(args))
      .map(([method, args]) => [JSON.stringify([method, renamed(args)]), [method, renamed(args)] as const]),
  );
  return [...found.values()];
}

const captured = (trace: unknown): Declared =>
  declaredIn(
    (trace as readonly Frame[]).flatMap(({ from, method, args }) =>
      from === 'client' && args !== undefined ? [[method, args] as const] : [],
    ),
  );
const trace = (name: string) => loadVectors('amqp_traces').find((vector) => vector.name === name)?.raw;
const message = (name: string) => loadVectors('task_messages_v2.amqp').find((vector) => vector.name === name)?.raw;

const call = (options: { readonly queue?: string } = {}) => ({
  act: (app: Ctq) => app.sendTask('wire.add', [2, 3], {}, options),
  isWorker: false,
});
const work = { act: () => Promise.resolve(), isWorker: true };

/** Settings of the captured program, and what it did. */
const programs: readonly (readonly [
  title: string,
  captured: Declared,
  settings: AppOptions,
  program: { readonly act: (app: Ctq) => Promise<unknown>; readonly isWorker: boolean },
])[] = [
  ['a client for its first call', captured(message('plain')?.['declares']), {}, call()],
  [
    'a client for a call to a queue of another name',
    captured(message('queue')?.['declares']),
    {},
    call({ queue: 'other' }),
  ],
  ['a worker of the default queue', captured(trace('worker_startup')), {}, work],
  [
    'a worker of a queue with priorities',
    captured(trace('worker_startup_priority_queue')),
    { taskDefaultQueue: 'hipri', taskQueueMaxPriority: 10 },
    work,
  ],
  [
    'a worker of a quorum queue on a topic exchange',
    captured(trace('worker_startup_quorum_delayed')),
    { taskDefaultQueue: 'cel.quorum', taskDefaultQueueType: 'quorum', taskDefaultExchangeType: 'topic' },
    work,
  ],
  [
    'a worker of a broadcast queue',
    captured(trace('broadcast_and_worker_direct_declares')),
    // Kombu binds by the key of the default queue, which a fan-out exchange does not look at.
    { taskQueues: [broadcast('bcast_tasks', { routingKey: 'celery' })] },
    work,
  ],
];

/** What ctq sends otherwise with a call, and why. */
const otherwise = {
  /** A call that no queue takes is an error in ctq; in Celery it is lost. */
  mandatory: true,
} as const;

const names = { redis: 'interopDeclarations', amqp: 'interopDeclarations' } as const;

describeOverRabbitMq("Frames of ctq's programs beside those of Celery's", names, (place) => {
  afterAll(() => deleteQueues(place, ['celery', 'other', 'hipri', 'cel.quorum']));

  async function sentBy(
    settings: AppOptions,
    { act, isWorker }: (typeof programs)[number][3],
  ): Promise<readonly SentMethod[]> {
    await using tap = await tapAmqp(place.broker);
    await using app = new Ctq('wire', {
      broker: transportOf({ ...place, broker: tap.url }),
      backend: redisBackend({ url: place.backend }),
      ...settings,
    });
    if (isWorker) {
      const worker = new Worker(app);
      await worker.start();
      await worker.stop(Deadline.after(5_000));
    }
    await act(app);
    return tap.sent();
  }

  test.each(programs)(
    '%s declares the same exchanges, queues and bindings, with the same flags and types of arguments',
    async (_title, expected, settings, program) => {
      expect(expected.length).toBeGreaterThanOrEqual(3);
      const sent = await sentBy(settings, program);
      expect(declaredIn(sent.map(({ name, args }) => [name, args]))).toEqual(expected);
    },
  );

  test('a call is sent with the same arguments, properties and types of headers [TR-276, TR-277]', async () => {
    const [expected] = (message('plain')?.['messages'] ?? []) as readonly {
      readonly property_flags: string;
      readonly headers_typed: Readonly<Record<string, readonly [letter: string, value: unknown]>>;
    }[];
    const sent = await sentBy({}, call());
    const publish = sent.find(({ name }) => name === 'basic.publish');
    expect(publish?.args).toEqual({
      ticket: 0,
      exchange: '',
      'routing-key': 'celery',
      immediate: false,
      ...otherwise,
    });
    expect(publish?.content?.flags.toString(16)).toBe(Number(expected?.property_flags).toString(16));
    const letters = (headers: Readonly<Record<string, readonly [string, unknown]>> = {}) =>
      Object.entries(headers).map(([name, [letter]]) => `${name}: ${letter}`);
    expect(letters(publish?.content?.headers)).toEqual(letters(expected?.headers_typed));
  });
});
