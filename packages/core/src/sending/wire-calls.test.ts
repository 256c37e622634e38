import {
  Decimal,
  encodeEnvelope,
  type Message,
  PlainDate,
  PlainTime,
  type Route,
  Uuid,
  WireDate,
} from '@ctq/messaging';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, it } from 'vitest';
import { Ctq } from '../app/ctq.js';

/** The client of the captures, with calls that stop before the broker. */
function setup() {
  const sent: { message: Message; route: Route }[] = [];
  const app = new Ctq('wire', {
    broker: 'memory://',
    interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
  });
  return {
    app,
    sent,
    add: app.task('wire.add', (x: number, y: number) => x + y),
    mul: app.task('wire.mul', (x: number, y: number) => x * y),
    noop: app.task('wire.noop', () => null),
    echo: app.task('wire.echo', (...args: unknown[]) => args),
    ident: app.task('wire.ident', (x: unknown) => x),
    errOld: app.task('wire.err_old', (id: unknown) => id),
    errNew: app.task('wire.err_new', (id: unknown) => id),
    ignored: app.task('wire.ignored', { ignoreResult: true }, () => null),
    soft: app.task('wire.soft', { timeLimit: 3, softTimeLimit: 1 }, () => null),
  };
}

type Client = ReturnType<typeof setup>;

/** Fixed ids as the capture script made them. */
const T = (n: number): string =>
  `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const at = new Date('2035-01-02T03:04:05Z');

/** The captured call, made with ctq. */
const calls: Record<string, (client: Client) => Promise<unknown>> = {
  plain: ({ add }) => add.applyAsync([2, 3], { taskId: T(1) }),
  delay_no_args: ({ noop }) => noop.applyAsync([], { taskId: T(2) }),
  kwargs: ({ app }) => app.sendTask('wire.echo', [1, 'two'], { x: 1.5, y: null, z: [true, false] }, { taskId: T(3) }),
  eta_aware_utc: ({ add }) => add.applyAsync([1, 1], { taskId: T(5), eta: at }),
  countdown: ({ add }) => add.applyAsync([1, 1], { taskId: T(8), countdown: 3_600 }),
  countdown_float: ({ add }) => add.applyAsync([1, 1], { taskId: T(9), countdown: 3_600.25 }),
  countdown_zero: ({ add }) => add.applyAsync([1, 1], { taskId: T(10), countdown: 0 }),
  expires_seconds: ({ add }) => add.applyAsync([1, 1], { taskId: T(11), expires: 120 }),
  expires_datetime_aware: ({ add }) => add.applyAsync([1, 1], { taskId: T(12), expires: at }),
  eta_and_expires: ({ add }) => add.applyAsync([1, 1], { taskId: T(13), countdown: 60, expires: 90.5 }),
  priority_0: ({ add }) => add.applyAsync([1, 1], { taskId: T(14), priority: 0 }),
  priority_3: ({ add }) => add.applyAsync([1, 1], { taskId: T(15), priority: 3 }),
  priority_4: ({ add }) => add.applyAsync([1, 1], { taskId: T(16), priority: 4 }),
  priority_6: ({ add }) => add.applyAsync([1, 1], { taskId: T(17), priority: 6 }),
  priority_9: ({ add }) => add.applyAsync([1, 1], { taskId: T(18), priority: 9 }),
  time_limits: ({ add }) => add.applyAsync([1, 1], { taskId: T(20), timeLimit: 30, softTimeLimit: 20.5 }),
  soft_limit_only: ({ add }) => add.applyAsync([1, 1], { taskId: T(21), softTimeLimit: 20 }),
  task_level_time_limits: ({ soft }) => soft.applyAsync([], { taskId: T(22) }),
  shadow: ({ add }) => add.applyAsync([1, 1], { taskId: T(23), shadow: 'pretty.name' }),
  custom_headers: ({ add }) =>
    add.applyAsync([1, 1], { taskId: T(24), headers: { 'x-trace': 'abc', n: 1, nested: { a: [1, 2] } } }),
  ignore_result: ({ add }) => add.applyAsync([1, 1], { taskId: T(25), ignoreResult: true }),
  task_ignore_result: ({ ignored }) => ignored.applyAsync([], { taskId: T(26) }),
  queue: ({ add }) => add.applyAsync([1, 1], { taskId: T(27), queue: 'other' }),
  exchange_routing_key: ({ add }) =>
    add.applyAsync([1, 1], { taskId: T(28), exchange: 'celery', routingKey: 'celery' }),
  argsrepr_override: ({ add }) => add.applyAsync([1, 1], { taskId: T(29), argsRepr: '<hidden>', kwargsRepr: '<none>' }),
  send_task_by_name: ({ app }) => app.sendTask('other.unknown', [1], { a: 2 }, { taskId: T(30) }),
  send_task_queue: ({ app }) => app.sendTask('other.unknown', [1], {}, { taskId: T(31), queue: 'other' }),
  link_single: ({ add, mul }) => add.applyAsync([1, 1], { taskId: T(32), link: mul.s(10) }),
  link_list: ({ add, mul, ident }) => add.applyAsync([1, 1], { taskId: T(33), link: [mul.s(10), ident.si(0)] }),
  link_error: ({ add, errOld }) => add.applyAsync([1, 1], { taskId: T(34), linkError: errOld.s() }),
  link_and_error_lists: ({ add, mul, errOld, errNew }) =>
    add.applyAsync([1, 1], { taskId: T(35), link: [mul.s(10)], linkError: [errOld.s(), errNew.s()] }),
  correlation_reply_to: ({ add }) => add.applyAsync([1, 1], { taskId: T(36), replyTo: 'my-reply-queue' }),
  stamped_options: ({ app }) =>
    app
      .signature({
        task: 'wire.add',
        args: [1, 1],
        kwargs: {},
        options: { task_id: T(38), stamped_headers: ['trace', 'tenant'], trace: 'abc', tenant: ['x', 'y'] },
        subtask_type: null,
        immutable: false,
      })
      .delay(),
  stamp_signature: ({ add }) =>
    add
      .s(1, 1)
      .stamp({ trace: ['t1', 't2'], tenant: 'blue' })
      .applyAsync([], { taskId: T(39) }),
  stamp_signature_link: ({ add, mul }) =>
    add
      .s(1, 1)
      .link(mul.s(3))
      .stamp({ tenant: 'blue' })
      .applyAsync([], { taskId: T(40) }),
  unicode: ({ app }) => app.sendTask('wire.echo', ['héllo 世界 😀'], { ü: '\u2028' }, { taskId: T(41) }),
  bytes_utf8: ({ echo }) => echo.applyAsync([Buffer.from('abc'), Buffer.from('café')], { taskId: T(42) }),
  bytes_binary: ({ echo }) => echo.applyAsync([new Uint8Array([0xff, 0, 0xfe])], { taskId: T(43) }),
  datetime_args: ({ echo }) =>
    echo.applyAsync(
      [
        new WireDate('2030-01-02T03:04:05.678901'),
        new Date('2030-01-02T03:04:05Z'),
        PlainDate.from('2030-01-02'),
        PlainTime.from('03:04:05.000006'),
      ],
      { taskId: T(44) },
    ),
  uuid_decimal_args: ({ echo }) =>
    echo.applyAsync([new Uuid('12345678-1234-4234-8234-123456789012'), new Decimal('1.10'), new Decimal('1E+5')], {
      taskId: T(45),
    }),
  nested: ({ app }) =>
    app.sendTask(
      'wire.echo',
      [[1, [2, [3, [4, [5]]]]], { a: { b: { c: { d: 1 } } } }],
      { k: [{ t: [1] }] },
      { taskId: T(47) },
    ),
  empty_containers: ({ echo }) => echo.applyAsync([[], {}, '', []], { taskId: T(48) }),
  quotes_in_strings: ({ echo }) => echo.applyAsync(["it's", 'say "hi"', 'back\\slash', 'new\nline'], { taskId: T(49) }),
  long_args: ({ echo }) => echo.applyAsync(['x'.repeat(1_500)], { taskId: T(50) }),
  long_list: ({ app }) => app.sendTask('wire.echo', [range(600)], { more: range(600) }, { taskId: T(51) }),
  many_strings: ({ app }) =>
    app.sendTask(
      'wire.echo',
      ['a'.repeat(600), 'b'.repeat(600), 'c'.repeat(600)],
      { k1: 'v'.repeat(2_000), k2: 1 },
      { taskId: T(52) },
    ),
  json_serializer: ({ app }) => app.sendTask('wire.add', [1, 'x'], {}, { taskId: T(54), serializer: 'json' }),
  delivery_mode_transient: ({ add }) => add.applyAsync([1, 1], { taskId: T(65), deliveryMode: 1 }),
  expiration_property: ({ add }) => add.applyAsync([1, 1], { taskId: T(66), expiration: 2.5 }),
  message_properties: ({ add }) =>
    add.applyAsync([1, 1], {
      taskId: T(67),
      properties: { messageId: 'm-1', appId: 'the-app', type: 'the-type', userId: 'guest' },
    }),
  immutable_link: ({ add, noop }) => add.applyAsync([1, 1], { taskId: T(72), link: noop.si() }),
  signature_options: ({ add, mul }) =>
    add.applyAsync([1, 1], { taskId: T(73), link: mul.s(3).set({ queue: 'other', countdown: 5, priority: 4 }) }),
};

/** Captured calls that cannot be compared so, each with its reason. */
const elsewhere: Record<string, string> = {
  args_as_tuple_and_list: 'JavaScript has no tuples: arguments always show as one',
  eta_aware_offset: 'a Date has no offset',
  eta_naive: 'a Date is an instant, never naive',
  retries: "the number of retries is not the caller's to set",
  group_id: "the place in a workflow is not the caller's to set",
  chord_option_on_task: "the place in a workflow is not the caller's to set",
  group_option_on_task: "the place in a workflow is not the caller's to set",
  replaced_task_nesting: "not the caller's to set",
  numbers: 'JavaScript cannot tell 1.0 from 1',
  dict_non_string_keys: 'keys of objects are strings',
  yaml_serializer: 'decoded and encoded in task-vectors.test.ts',
  pickle_serializer: 'never written',
  gzip_pickle: 'never written',
  msgpack_serializer: 'decoded and encoded in task-vectors.test.ts',
  compression_gzip: 'decoded in task-vectors.test.ts; compressed bytes differ by implementation',
  compression_zlib: 'decoded in task-vectors.test.ts; compressed bytes differ by implementation',
  compression_bzip2: 'decoded in task-vectors.test.ts; compressed bytes differ by implementation',
  compression_lzma: 'decoded in task-vectors.test.ts; compressed bytes differ by implementation',
  compression_zstd: 'decoded in task-vectors.test.ts; compressed bytes differ by implementation',
  compression_brotli: 'decoded in task-vectors.test.ts; compressed bytes differ by implementation',
  unknown_option: 'unknown options do not compile',
};

/** Python shows lists and tuples apart, which JavaScript cannot; the messages are the same otherwise. */
const showsOtherwise = new Set(['send_task_by_name', 'send_task_queue', 'nested', 'empty_containers']);

/** Parity rows of single calls, beside those that every message shows. */
const ownRows: Readonly<Record<string, readonly string[]>> = {
  plain: ['TR-080'],
  custom_headers: ['TR-088'],
  expiration_property: ['TR-097'],
  message_properties: ['TR-097'],
  link_single: ['TR-085'],
  link_list: ['TR-085'],
  link_error: ['TR-085'],
  link_and_error_lists: ['TR-085'],
  stamp_signature: ['CV-135'],
  stamp_signature_link: ['CV-133', 'CV-135'],
  time_limits: ['TR-234'],
  soft_limit_only: ['TR-234'],
  task_level_time_limits: ['TR-234'],
};

function rowsOf(name: string): string {
  return ['TR-276', 'TR-277', 'TR-278', 'TR-280', ...(ownRows[name] ?? [])].join(', ');
}

describe('calls', () => {
  const vectors = loadVectors('task_messages_v2.redis');

  it('of every capture are compared, or there is a reason why not', () => {
    expect(vectors.map(({ name }) => name).filter((name) => !(name in calls) && !(name in elsewhere))).toEqual([]);
  });

  it.each(vectors.filter(({ name }) => name in calls).map((vector) => ({ ...vector, rows: rowsOf(vector.name) })))(
    'send the captured message: $name [$rows]',
    async (vector) => {
      const client = setup();
      await calls[vector.name]?.(client);
      const captured = (vector.raw['messages'] as { payload: string }[]).map(({ payload }) =>
        comparable(payload, vector.name),
      );
      const sent = client.sent.map(({ message, route }) =>
        comparable(encodeEnvelope(message, route, 'tag'), vector.name),
      );
      expect(sent).toEqual(captured);
      await client.app.close();
    },
  );
});

interface Envelope {
  body: string;
  'content-type': string;
  'content-encoding': string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown>;
}

/** An envelope without what differs from process to process; times as their form, and their distance where that is the call's. */
function comparable(payload: string, name: string): unknown {
  const { body, headers, properties, ...rest } = JSON.parse(payload) as Envelope;
  const { lang: _, origin: __, eta, expires, ...same } = headers;
  if (showsOtherwise.has(name)) for (const repr of ['argsrepr', 'kwargsrepr']) delete same[repr];
  // Celery also passes the two on as properties, where nobody reads them.
  const { reply_to, delivery_tag: ___, argsrepr: ____, kwargsrepr: _____, ...kept } = properties;
  return {
    ...rest,
    body: JSON.parse(Buffer.from(body, 'base64').toString()) as unknown,
    headers: { ...same, eta: timeForm(eta), expires: timeForm(expires) },
    headerNames: Object.keys(headers),
    properties: {
      ...kept,
      reply_to: reply_to === 'my-reply-queue' ? reply_to : typeof reply_to,
      expiration: roughly(properties['expiration']),
    },
  };
}

/** The instants of the captures lie in the past; only fixed ones can be equal. */
function timeForm(time: unknown): unknown {
  if (typeof time !== 'string' || time.startsWith('2035')) return time;
  return time.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?/, '<time>');
}

/** A fixed instant is another distance away every day. */
function roughly(expiration: unknown): unknown {
  return Number(expiration) > 10_000_000 ? '<far>' : expiration;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
