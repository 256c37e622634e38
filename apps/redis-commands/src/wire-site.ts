import { redisBackend } from '@ctq/backend-redis';
import { Ctq, group, Reject, type SettingsInput, type TaskContext } from '@ctq/core';
import { Decimal, PlainDate, PlainTime, Uuid, WireDate } from '@ctq/messaging';
import { Deadline } from '@ctq/runtime';
import { recordCommands } from '@ctq/test-services/redis-monitor';
import { redis, type RedisOptions } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { type Step, stepOf } from './steps.js';

/** What the captured tasks `wire.value` return. */
const values: Readonly<Record<string, unknown>> = {
  none: null,
  int: 7,
  float: 1.5,
  str: 'héllo',
  bytes: Buffer.from('abc'),
  rawbytes: new Uint8Array([0xff, 0]),
  list: [1, [2, 3]],
  dict: { a: 1 },
  tuple: [1, 2],
  dt: new WireDate('2030-01-02T03:04:05.678901'),
  dtz: new WireDate('2030-01-02T03:04:05+00:00'),
  date: PlainDate.from('2030-01-02'),
  time: PlainTime.from('03:04:05'),
  decimal: new Decimal('1.10'),
  uuid: new Uuid('12345678-1234-4234-8234-123456789012'),
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  big: 1180591620717411303424n,
};

/** The application of the captures: tasks named `wire.…`. */
function wireApp(url: string, prefix: string, settings: SettingsInput) {
  const app = new Ctq('wire', {
    broker: redis({ url, globalKeyprefix: prefix, visibilityTimeout: 2 }),
    backend: redisBackend({ url, globalKeyprefix: prefix }),
    // As with the events of its worker: what commands it is sent is not of interest here.
    workerEnableRemoteControl: false,
  }).configFromObject(settings);
  const rejected = new Set<string>();
  const add = app.task('wire.add', (x: number, y: number) => x + y);
  return {
    app,
    add,
    mul: app.task('wire.mul', (x: number, y: number) => x * y),
    xsum: app.task('wire.xsum', (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0)),
    ident: app.task('wire.ident', (x: unknown) => x),
    value: app.task('wire.value', (kind: string) => values[kind]),
    // What JavaScript has for Python's ValueError.
    fail: app.task('wire.fail', (message: string = 'boom'): number => {
      throw new RangeError(message);
    }),
    errOld: app.task('wire.err_old', (id: unknown) => `errback got ${String(id)}`),
    ignored: app.task('wire.ignored', { ignoreResult: true }, () => null),
    started: app.task('wire.started', { trackStarted: true }, () => 'was started'),
    progress: app.task('wire.progress', { bind: true }, async (ctx: TaskContext) => {
      await ctx.updateState('PROGRESS', { current: 1, total: 3 });
      return 'done';
    }),
    retryOnce: app.task('wire.retry_once', { bind: true }, (ctx: TaskContext) => {
      if (ctx.request.retries === 0) ctx.retry({ error: new RangeError('first'), countdown: 0 });
      return `ok after ${ctx.request.retries}`;
    }),
    retrying: app.task('wire.retrying', { bind: true, maxRetries: 2 }, (ctx: TaskContext): number =>
      ctx.retry({ error: new RangeError('again'), countdown: 0 }),
    ),
    rejectingOnce: app.task('wire.rejecting', { bind: true }, (ctx: TaskContext) => {
      if (rejected.has(ctx.request.id)) return 'done';
      rejected.add(ctx.request.id);
      throw new Reject('no thanks', { requeue: true });
    }),
    dynGroup: app.task('wire.dyn_group', { bind: true }, (ctx: TaskContext, count: number) =>
      ctx.replace(group(Array.from({ length: count }, (_, index) => add.s(index, index)))),
    ),
    sleeping: app.task('wire.sleeping', (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'slept'))),
  };
}

export type WireApp = ReturnType<typeof wireApp>;

/** What passed between ctq and Redis. */
export interface Recording {
  readonly steps: ReadonlySet<Step>;
  readonly documents: readonly string[];
}

/** A client, a worker and what passes between them and Redis. Everything stands behind a prefix of its own. */
export class WireSite implements AsyncDisposable {
  readonly prefix: string = `wire-${crypto.randomUUID()}:`;
  readonly wire: WireApp;
  readonly client: Redis;
  readonly url: string;
  #worker: Worker | undefined;

  constructor(url: string, settings: SettingsInput = {}) {
    this.url = url;
    this.client = new Redis(url);
    this.wire = wireApp(url, this.prefix, settings);
  }

  /** Options of a transport that shares the keys, after the prefix of the options themselves. */
  options(given: RedisOptions = {}): RedisOptions {
    return { ...given, url: this.url, globalKeyprefix: this.prefix + (given.globalKeyprefix ?? '') };
  }

  async startWorker(): Promise<void> {
    // What it tells other workers comes at its own times, and would stand in any of the recordings.
    const alone = { heartbeat: false, mingle: false, gossip: false };
    this.#worker = new Worker(this.wire.app, { concurrency: 2, hostname: 'w1@wirehost', ...alone });
    await this.#worker.start();
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop(Deadline.after(5_000));
    this.#worker = undefined;
  }

  /** The steps that were taken meanwhile, each once, by everybody but the test; and the documents that were stored, in order. */
  async record(act: () => Promise<unknown>): Promise<Recording> {
    await this.client.ping();
    const own = `:${(this.client.stream as { localPort?: number }).localPort}`;
    const commands = await recordCommands(this.url, async () => {
      await act();
    });
    const steps = new Set<Step>();
    const documents: string[] = [];
    for (const { name, args, client } of commands) {
      if (client.endsWith(own) || !args.some((argument) => argument.includes(this.prefix))) continue;
      const step = stepOf(
        name,
        args.map((argument) => argument.replaceAll(this.prefix, '')),
      );
      if (step !== undefined) steps.add(step);
      if (step === 'PUBLISH celery-task-meta-<id> <document>') documents.push(args[1] ?? '');
    }
    return { steps, documents };
  }

  /** A message that a Python worker has held for longer than the visibility timeout. */
  async abandonMessage(): Promise<void> {
    const { client, prefix, wire } = this;
    await wire.add.applyAsync([1, 1], { ignoreResult: true });
    const envelope = (await client.rpop(`${prefix}celery`)) ?? '';
    const tag = crypto.randomUUID();
    await client.hset(`${prefix}unacked`, tag, `[${envelope}, "celery", "celery"]`);
    await client.zadd(`${prefix}unacked_index`, Date.now() / 1_000 - 60, tag);
  }

  /** Resolves when nothing waits and nothing is held any more. */
  async settled(): Promise<void> {
    for (;;) {
      const [held, waiting] = await Promise.all([
        this.client.hlen(`${this.prefix}unacked`),
        this.client.llen(`${this.prefix}celery`),
      ]);
      if (held + waiting === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopWorker();
    await this.wire.app.close();
    const left = await this.client.keys(`${this.prefix}*`);
    if (left.length > 0) await this.client.del(...left);
    this.client.disconnect();
  }
}
