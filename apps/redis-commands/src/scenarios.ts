import { chain, chord, group } from '@ctq/core';
import { decodeEnvelope, exchange, openConnection, queue } from '@ctq/messaging';
import { silentLogger, systemClock } from '@ctq/runtime';
import { redis } from '@ctq/transport-redis';
import type { WireVector } from '@ctq/wire-vectors';
import type { WireSite } from './wire-site.js';

/** The captured call, made with ctq. Resolves when everything that follows from it has happened. */
type Scenario = (site: WireSite, vector: WireVector) => Promise<unknown>;

const soon = { timeout: '10s' } as const;
const emptyMessage = {
  body: new Uint8Array(),
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  headers: {},
  properties: {},
};
const quietly = (wait: Promise<unknown>): Promise<unknown> => wait.catch(() => undefined);

/** Kombu's own calls, of a client that sends one task with priority 3, and one broadcast with a queue for the replies. */
const variant: Scenario = async (site, { raw }) => {
  const commands = raw['commands'] as { cmd: string[] }[];
  const argumentOf = (name: string): string => commands.find(({ cmd }) => cmd[0] === name)?.cmd[2] ?? '';
  const pushed = decodeEnvelope(argumentOf('LPUSH'));
  const broadcast = decodeEnvelope(argumentOf('PUBLISH'));
  const transport = redis(site.options(optionsOf(raw)));
  const connection = await transport.connect({ clock: systemClock, logger: silentLogger }, AbortSignal.timeout(10_000));
  const channel = await connection.openChannel();
  await channel.declareExchange({ name: 'celery', type: 'direct', durable: true, autoDelete: false });
  await channel.declareQueue({ name: 'celery', durable: true, exclusive: false, autoDelete: false });
  await channel.bindQueue({ queue: 'celery', exchange: 'celery', routingKey: 'celery' });
  await channel.publish(pushed.message, pushed.route);
  const id = '99baddf2-faf1-3e38-a6a9-740095dc8e75';
  const replies = `${id}.reply.celery.pidbox`;
  await channel.declareExchange({ name: 'celery.pidbox', type: 'fanout', durable: false, autoDelete: false });
  await channel.declareExchange({ name: 'reply.celery.pidbox', type: 'direct', durable: false, autoDelete: false });
  await channel.declareQueue({ name: replies, durable: false, exclusive: false, autoDelete: true });
  await channel.bindQueue({ queue: replies, exchange: 'reply.celery.pidbox', routingKey: id });
  await channel.publish(broadcast.message, broadcast.route);
  const subscription = await channel.consume(replies, { noAck: true }, () => undefined);
  await subscription.cancel();
  await connection.close();
};

function optionsOf(raw: WireVector['raw']): Record<string, never> {
  const given = raw['transport_options'] as Record<string, unknown>;
  const camel = Object.entries(given).map(([name, value]) => [
    name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(camel) as Record<string, never>;
}

const topic: Scenario = async (site) => {
  const transport = redis(site.options());
  const connection = await transport.connect({ clock: systemClock, logger: silentLogger }, AbortSignal.timeout(10_000));
  const channel = await connection.openChannel();
  await channel.declareExchange({ name: 'celery', type: 'direct', durable: true, autoDelete: false });
  await channel.declareExchange({ name: 'feed', type: 'topic', durable: true, autoDelete: false });
  for (const [queue, exchange, routingKey] of [
    ['feed', 'feed', 'feed.#'],
    ['star', 'feed', 'feed.*.x'],
    ['celery', 'celery', 'celery'],
  ] as const) {
    await channel.declareQueue({ name: queue, durable: true, exclusive: false, autoDelete: false });
    await channel.bindQueue({ queue, exchange, routingKey });
  }
  await channel.publish(emptyMessage, { exchange: 'feed', routingKey: 'feed.a.x' });
  await connection.close();
};

const expiring: Scenario = async (site) => {
  await using connection = openConnection({ transport: redis(site.options()) });
  const ttlq = queue('ttlq', { exchange: exchange('celery'), routingKey: 'ttlq', expires: 60 });
  await connection.producer.publish(emptyMessage, { exchange: 'celery', routingKey: 'ttlq' }, { declare: [ttlq] });
};

const value =
  (kind: string): Scenario =>
  async (site) =>
    (await site.wire.value.delay(kind)).get(soon);

const kinds = [
  ...['none', 'int', 'float', 'str', 'bytes', 'rawbytes', 'list', 'dict', 'tuple', 'dt', 'dtz', 'date', 'time'],
  ...['decimal', 'uuid', 'nan', 'inf', 'big'],
];

export const scenarios: Readonly<Record<string, Readonly<Record<string, Scenario>>>> = {
  redis_variants: {
    ...{ default: variant, global_keyprefix: variant, fanout_prefix_false: variant, fanout_prefix_custom: variant },
    ...{ fanout_patterns_false: variant, priority_steps: variant, topic_exchange: topic, queue_expires: expiring },
  },
  redis_traces: {
    worker_startup: (site) => site.startWorker(),
    publish_consume_ack_result: async ({ wire }) => (await wire.add.delay(2, 3)).get(soon),
    publish_consume_ack_result_second: async ({ wire }) => (await wire.add.delay(2, 4)).get(soon),
    publish_ignore_result: ({ wire }) => wire.add.applyAsync([2, 4], { ignoreResult: true }),
    eta_task: async ({ wire }) => (await wire.add.applyAsync([5, 5], { countdown: 0.2 })).get(soon),
    task_one_second: async ({ wire }) => (await wire.sleeping.delay(100)).get(soon),
    acks_late: async ({ wire }) => (await wire.add.delay(1, 1)).get(soon),
    reject_requeue: async ({ wire }) => (await wire.rejectingOnce.delay()).get(soon),
    worker_shutdown_idle: (site) => site.stopWorker(),
    visibility_timeout_restore: (site) => site.startWorker(),
  },
  'results.redis': {
    ...Object.fromEntries(kinds.map((kind) => [`success_${kind}`, value(kind)])),
    failure_builtin: async ({ wire }) => quietly((await wire.fail.delay()).get(soon)),
    retry_then_success: async ({ wire }) => (await wire.retryOnce.delay()).get(soon),
    retry_exhausted: async ({ wire }) => quietly((await wire.retrying.delay()).get(soon)),
    custom_state: async ({ wire }) => (await wire.progress.delay()).get(soon),
    started_state: async ({ wire }) => (await wire.started.delay()).get(soon),
    ignore_result_task: ({ wire }) => wire.ignored.delay(),
    unknown_task: async ({ wire }) => quietly((await wire.app.sendTask('no.such.task')).get(soon)),
    expired: async ({ wire }) =>
      quietly((await wire.add.applyAsync([1, 1], { expires: new Date('2020-01-01T00:00:00Z') })).get(soon)),
    link_children: async ({ wire }) => (await wire.add.applyAsync([1, 1], { link: wire.mul.s(5) })).get(soon),
    link_error_old: async ({ wire }) =>
      quietly((await wire.fail.applyAsync([], { linkError: wire.errOld.s() })).get(soon)),
  },
  'chords.redis': {
    chain: async ({ wire: { add, mul, ident } }) => (await chain(add.s(1, 2), mul.s(10), ident.s()).delay()).get(soon),
    group: async ({ wire: { add } }) => (await group([add.s(1, 1), add.s(2, 2)]).delay()).get(soon),
    chord: async ({ wire: { add, xsum } }) =>
      (await chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], xsum.s()).delay()).get(soon),
    chord_complex_header: async ({ wire: { add, ident } }) =>
      (await chord([group([add.s(1, 1), add.s(2, 2)]), add.s(3, 3)], ident.s()).delay()).get(soon),
    chord_error: async ({ wire: { add, fail, xsum, errOld } }) =>
      quietly((await chord([add.s(1, 1), fail.s('header')], xsum.s().linkError(errOld.s())).delay()).get(soon)),
    chord_group_body: async ({ wire: { add, xsum, ident } }) =>
      (await chord([add.s(1, 1), add.s(2, 2)], group([xsum.s(), ident.s()])).delay()).get(soon),
    chain_group_chain: async ({ wire: { add, mul, xsum } }) =>
      (await chain(add.s(1, 1), group([add.s(2), mul.s(3)]), xsum.s()).delay()).get(soon),
    chain_failure: async ({ wire: { fail, ident } }) =>
      quietly((await chain(fail.s('x'), ident.s(), ident.s()).delay()).get(soon)),
    chain_errback: async ({ wire: { fail, ident, errOld } }) =>
      quietly((await chain(fail.s('x'), ident.s()).applyAsync([], { linkError: errOld.s() })).get(soon)),
    multi_callbacks: async ({ wire: { add, mul, ident } }) =>
      (await add.applyAsync([1, 1], { link: [mul.s(5), ident.s()] })).get(soon),
    chord_in_callback: async ({ wire: { add, mul, xsum } }) =>
      (await add.applyAsync([1, 1], { link: chord([add.s(2), mul.s(3)], xsum.s()) })).get(soon),
    nested_chord: async ({ wire: { add, xsum } }) =>
      (await chord([chord([add.s(1, 1), add.s(2, 2)], xsum.s()), add.s(3, 3)], xsum.s()).delay()).get(soon),
    chunks: async ({ wire: { add } }) =>
      (
        await add
          .chunks(
            [0, 1, 2, 3].map((n): [number, number] => [n, n]),
            2,
          )
          .delay()
      ).get(soon),
    xmap: async ({ wire: { xsum } }) =>
      (
        await xsum
          .map([
            [1, 2],
            [3, 4],
          ])
          .delay()
      ).get(soon),
    xstarmap: async ({ wire: { add } }) =>
      (
        await add
          .starmap([
            [1, 2],
            [3, 4],
          ])
          .delay()
      ).get(soon),
    dynamic_group_replace: async ({ wire: { dynGroup } }) => (await dynGroup.delay(2)).get(soon),
    chain_of_chords: async ({ wire: { add, xsum } }) =>
      (await chain(chord([add.s(1, 1), add.s(2, 2)], xsum.s()), chord([add.s(3), add.s(4)], xsum.s())).delay()).get(
        soon,
      ),
  },
};

const control =
  'control messages and events are compared in `transport-redis/src/mailboxes.test.ts` and `worker/src/events/task-events.test.ts`';

/** Captures with which nothing is compared, and why. */
export const uncompared: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  redis_variants: { priority_to_key: 'a table, which the Redis transport is compared with by its own test' },
  redis_traces: {
    worker_idle_6s: 'without heartbeats and remote control, as here, an idle worker of ctq sends nothing',
    worker_idle_keys: 'a listing of keys, after `worker_startup`',
    eta_task_while_waiting: 'a look at `unacked`, during `eta_task`',
    ...{ revoke_broadcast: control, revoked_task_arrives: control, revoke_terminate: control },
    ...{ mingle_gossip_second_worker: control, election_two_workers: control, two_workers_keys: control },
    before_shutdown_state: 'a look at `unacked`, before `worker_shutdown_requeue`',
    worker_shutdown_requeue:
      'what is held goes back as it was and in its old order, uncharged: docs/celery/known-differences.md, MS-092',
    after_shutdown_queue: 'the queue after `worker_shutdown_requeue`',
    after_shutdown_keys: 'a listing of keys, after `worker_shutdown_requeue`',
    after_sigkill_keys: 'a look at `unacked`, before `visibility_timeout_restore`',
  },
  'results.redis': {
    failure_keyerror: 'as `failure_builtin`, with an error that only Python has',
    failure_custom: 'as `failure_builtin`, with an error that only Python has',
    failure_nested_class: 'as `failure_builtin`, with an error that only Python has',
    failure_unserializable_args: 'as `failure_builtin`, with an error that only Python has',
    failure_chained: 'as `failure_builtin`, with an error that only Python has',
    failure_oserror: 'as `failure_builtin`, with an error that only Python has',
    failure_encode_error: 'as `failure_builtin`, with an object that only Python has',
    failure_type_error: 'the number of arguments is checked in Python only',
    ignored_task: 'as `custom_state`, without the last state',
    rejected_task: 'nothing is stored: docs/celery/known-differences.md, TR-149',
    soft_time_limit: 'as `failure_builtin`; the limits are shown by the tests of the worker',
    hard_time_limit: 'as `failure_builtin`; the limits are shown by the tests of the worker',
    spawn_children: 'as `success_str`, once more for the task that it sends',
    link_error_new: 'an errback that takes the error is called in Python only',
    replace:
      'as `success_int`: what is sent is compared by `dynamic_group_replace`; a task that replaces another has its parent, and not itself',
    dump_request: 'what a task sees is no command',
    ...{ revoked_before_run_meta: control, revoked_meta: control, terminated_meta: control },
    group_meta: 'saving groups is not there yet for programs; the backend does it (BK-027)',
    group_as_tuple_nested: 'a document without a command',
  },
  'chords.redis': {
    group_link_error: 'refused by Python: nothing was sent',
  },
};
