import { type Connection, type Delivery, type Message, openConnection, queue as queueNamed } from '@ctq/messaging';
import { silentLogger, systemClock } from '@ctq/runtime';
import { type Fault, type FaultProxy, type Opening, startFaultProxy, redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { afterAll, expect, test, type TestContext } from 'vitest';
import { redisConfig } from './redis-options.js';
import { RedisQueueStore } from './redis-store.js';
import { redis } from './redis-transport.js';
import { popScript } from './scripts/pop.js';
import { settleScript } from './scripts/settle.js';

/** Nobody is deaf for longer after a fault is over, and no publish is under way for longer than the fault and this. */
const patienceMs = 10_000;

const leaseMs = 2_000;

function textMessage(text: string): Message {
  return {
    body: new TextEncoder().encode(text),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
  };
}

/** What goes wrong while a command that contains these bytes is under way. */
type MakeFaults = (sees: string) => readonly Fault[];

const cut =
  (moment: 'before' | 'after', by: 'reset' | 'close' | 'half-open'): MakeFaults =>
  (sees) => [{ kind: 'cut', when: 'to-server', sees, moment, by }];

const faults: Readonly<Record<string, MakeFaults>> = {
  'a network that takes its time': () => [{ kind: 'latency', delayMs: 150, ms: 3_000 }],
  'a network that stalls for five seconds': () => [{ kind: 'stall', ms: 5_000 }],
  'bytes that trickle': () => [{ kind: 'trickle', ms: 3_000 }],
  'a server that went away for two seconds': () => [{ kind: 'reset' }, { kind: 'refuse', ms: 2_000 }],
  'connections that lead nowhere': () => [{ kind: 'half-open' }],
  'connections that lead nowhere, new ones too for three seconds': () => [{ kind: 'half-open', ms: 3_000 }],
  'a RST before the command': cut('before', 'reset'),
  'a RST instead of the answer': cut('after', 'reset'),
  'a FIN before the command': cut('before', 'close'),
  'a FIN instead of the answer': cut('after', 'close'),
  'silence before the command': cut('before', 'half-open'),
  'silence instead of the answer': cut('after', 'half-open'),
};

/** A producer and a consumer behind a proxy of their own, and somebody who is not. */
class Scene {
  readonly name: string = crypto.randomUUID();
  readonly deliveries: string[] = [];
  readonly #arrived = new Map<string, () => void>();
  readonly #connections: Connection[] = [];
  readonly #proxy: FaultProxy;
  readonly #producer: Connection;
  readonly #direct: RedisQueueStore;
  readonly #directOptions;

  constructor(url: string, proxy: FaultProxy) {
    this.#proxy = proxy;
    const options = { globalKeyprefix: `faults-${this.name}:`, leaseDuration: `${leaseMs}ms` } as const;
    const behind = { transport: redis({ ...options, url: proxy.through(url) }) };
    this.#producer = openConnection(behind);
    this.#connections.push(this.#producer, openConnection(behind));
    this.#directOptions = { ...options, url };
    this.#direct = new RedisQueueStore(redisConfig(this.#directOptions));
  }

  async start(): Promise<void> {
    const context = { clock: systemClock, logger: silentLogger, holder: crypto.randomUUID() };
    await this.#direct.open(context, AbortSignal.timeout(patienceMs));
    const consumer = this.#connections[1]?.consume({
      queues: [queueNamed(this.name)],
      prefetch: 10,
      onDelivery: (delivery) => this.#onDelivery(delivery),
    });
    await consumer?.start(AbortSignal.timeout(patienceMs));
    await this.publish('warm-up');
    await this.arrival('warm-up');
  }

  /** Resolves when the faults are over. */
  async suffer(faultsNow: readonly Fault[]): Promise<void> {
    await Promise.all(faultsNow.map((fault) => this.#proxy.inject(fault).over));
  }

  /** Through the proxy. */
  publish(text: string): Promise<void> {
    return this.#producer.producer.publish(textMessage(text), { exchange: '', routingKey: this.name });
  }

  /** Past the proxy. */
  push(text: string): Promise<void> {
    const route = { exchange: '', routingKey: this.name };
    return this.#direct.push([{ queue: this.name, message: textMessage(text), route, priority: 0 }]);
  }

  arrival(text: string): Promise<void> {
    if (this.deliveries.includes(text)) return Promise.resolve();
    return new Promise((resolve) => this.#arrived.set(text, resolve));
  }

  /** Resolves when nothing waits and nobody holds anything any more: everything was acknowledged. */
  async settled(): Promise<void> {
    for (;;) {
      await this.#direct.lease.sweep();
      const { waiting, parked, held } = await this.#direct.size(this.name);
      if (waiting + parked + held === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.#direct.dropQueue(this.name);
    await this.#direct.close();
    await this.#proxy.close();
  }

  #onDelivery(delivery: Delivery): void {
    const text = new TextDecoder().decode(delivery.message.body);
    this.deliveries.push(text);
    this.#arrived.get(text)?.();
    // When it is lost with the connection the message comes again.
    delivery.ack().catch(() => undefined);
  }
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

describeWith('redis', 'Over Redis,', (url) => {
  const database = new URL(redisDatabase(url, 'transportFaults'));
  /** Milliseconds, by test. */
  const deafFor = new Map<string, number>();

  afterAll(() => {
    const [[longest, ms] = ['', 0]] = [...deafFor].sort(([, a], [, b]) => b - a);
    process.stdout.write(`No consumer was deaf for longer than ${ms} ms after a fault (${longest}).\n`);
  });

  async function scene({ onTestFinished }: TestContext): Promise<Scene> {
    const proxy = await startFaultProxy({ target: { host: database.hostname, port: Number(database.port) } });
    const made = new Scene(database.href, proxy);
    onTestFinished(() => made.close());
    await made.start();
    return made;
  }

  /** How long the consumer was deaf after the fault: until it had something that was pushed when it was over. */
  async function hearing(it: Scene, over: Promise<void>, { task }: TestContext): Promise<void> {
    await within(20_000, 'the end of the fault', over);
    const overAt = performance.now();
    await it.push('after');
    await within(patienceMs, 'a delivery after the fault', it.arrival('after'));
    deafFor.set(task.name, Math.round(performance.now() - overAt));
  }

  test.concurrent.for(Object.entries(faults))(
    '%s while publishing: what was confirmed arrives, and nobody waits for ever',
    { timeout: 90_000 },
    async ([, make], context) => {
      const it = await scene(context);
      const over = it.suffer(make('lpush'));
      const texts = Array.from({ length: 20 }, (_, n) => `message ${n}`);
      const published = Promise.allSettled(texts.map((text) => it.publish(text)));
      await hearing(it, over, context);
      const outcomes = await within(patienceMs, 'the outcome of publishing', published);
      const confirmed = texts.filter((_, n) => outcomes[n]?.status === 'fulfilled');
      await within(patienceMs, 'what was confirmed', Promise.all(confirmed.map((text) => it.arrival(text))));
      await within(patienceMs, 'every acknowledgement', it.settled());
    },
  );

  const commands = [
    ['taking', popScript.hash],
    ['acknowledging', settleScript.hash],
  ] as const;
  const cases = Object.entries(faults).flatMap(([name, make]) =>
    commands.map(([doing, hash]) => [name, doing, make(hash)] as const),
  );

  test.concurrent.for(cases)(
    '%s while %s: every message arrives and is gone in the end',
    { timeout: 90_000 },
    async ([, , faultsNow], context) => {
      const it = await scene(context);
      const over = it.suffer(faultsNow);
      const texts = Array.from({ length: 20 }, (_, n) => `message ${n}`);
      await Promise.all(texts.map((text) => it.push(text)));
      await hearing(it, over, context);
      // What was taken and not delivered comes back when its lease has run out.
      const arrivals = Promise.all(texts.map((text) => it.arrival(text)));
      await within(patienceMs + 2 * leaseMs, 'every message', arrivals);
      await within(patienceMs + 2 * leaseMs, 'every acknowledgement', it.settled());
    },
  );

  const connections = {
    'all connections': () => true,
    'the connection that announces new messages': ({ greeting }) => greeting.includes('ctq-subscriber'),
    'the connection for commands': ({ greeting }) => !greeting.includes('ctq-subscriber'),
  } satisfies Record<string, (opening: Opening) => boolean>;

  test.concurrent.for(Object.entries(connections))(
    'a consumer that waits has the next message although %s lead(s) nowhere',
    { timeout: 60_000 },
    async ([, only], context) => {
      const it = await scene(context);
      await it.settled();
      await hearing(it, it.suffer([{ kind: 'half-open', only }]), context);
    },
  );

  test('nobody is told that a message was lost only because it could not be asked', async () => {
    await using proxy = await startFaultProxy({ target: { host: database.hostname, port: Number(database.port) } });
    const store = new RedisQueueStore(redisConfig({ url: proxy.through(database.href) }));
    const context = { clock: systemClock, logger: silentLogger, holder: crypto.randomUUID() };
    await store.open(context, AbortSignal.timeout(patienceMs));
    const sees = 'hexists';
    proxy.inject({ kind: 'cut', when: 'to-server', sees, moment: 'before', by: 'reset' });
    await expect(store.lease.lost(['some', 'others'])).rejects.toMatchObject({ recoverable: true });
    await store.close();
  });
});
