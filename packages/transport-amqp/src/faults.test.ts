import { type Connection, openConnection, queue } from '@ctq/messaging';
import { amqpVhost, type Fault, type FaultProxy, startFaultProxy } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { afterAll, expect, test, type TestContext } from 'vitest';
import { patienceMs, Program, textMessage, within } from './__fixtures__/program.js';
import { amqp } from './amqp-transport.js';

/** What the broker itself goes by when it takes a consumer for dead, and what that held for free. */
const heartbeatMs = 2_000;

/** Class and method of AMQP's frames, as they are on the wire. */
const frames = {
  publish: { when: 'to-server', sees: Buffer.from([0, 60, 0, 40]) },
  deliver: { when: 'to-client', sees: Buffer.from([0, 60, 0, 60]) },
  ack: { when: 'to-server', sees: Buffer.from([0, 60, 0, 80]) },
} as const;

/** What goes wrong while this frame is under way. */
type MakeFaults = (frame: (typeof frames)[keyof typeof frames]) => readonly Fault[];

const cut =
  (moment: 'before' | 'after', by: 'reset' | 'close' | 'half-open'): MakeFaults =>
  (frame) => [{ kind: 'cut', ...frame, moment, by }];

const faults: Readonly<Record<string, MakeFaults>> = {
  'a network that takes its time': () => [{ kind: 'latency', delayMs: 150, ms: 3_000 }],
  'a network that stalls for five seconds': () => [{ kind: 'stall', ms: 5_000 }],
  'bytes that trickle': () => [{ kind: 'trickle', ms: 3_000 }],
  'a server that went away for two seconds': () => [{ kind: 'reset' }, { kind: 'refuse', ms: 2_000 }],
  'connections that lead nowhere': () => [{ kind: 'half-open' }],
  'connections that lead nowhere, new ones too for three seconds': () => [{ kind: 'half-open', ms: 3_000 }],
  'a RST before the frame': cut('before', 'reset'),
  'a RST after the frame': cut('after', 'reset'),
  'a FIN before the frame': cut('before', 'close'),
  'a FIN after the frame': cut('after', 'close'),
  'silence before the frame': cut('before', 'half-open'),
  'silence after the frame': cut('after', 'half-open'),
};

/** A producer and a consumer behind a proxy each, and somebody who is not. */
class Scene {
  readonly name: string;
  readonly program: Program;
  readonly #producing: FaultProxy;
  readonly #consuming: FaultProxy;
  readonly #direct: Connection;

  private constructor(program: Program, name: string, proxies: readonly [FaultProxy, FaultProxy], direct: Connection) {
    this.program = program;
    this.name = name;
    [this.#producing, this.#consuming] = proxies;
    this.#direct = direct;
  }

  static async start(url: string, { onTestFinished }: TestContext): Promise<Scene> {
    const { hostname: host, port } = new URL(url);
    const target = { host, port: Number(port) };
    const proxies = [await startFaultProxy({ target }), await startFaultProxy({ target })] as const;
    const [producing, consuming] = proxies.map((proxy) =>
      amqp({ url: proxy.through(url), heartbeat: `${heartbeatMs}ms` }),
    ) as [ReturnType<typeof amqp>, ReturnType<typeof amqp>];
    const direct = openConnection({ transport: amqp({ url }) });
    const name = `faults-${crypto.randomUUID()}`;
    const program = await Program.start(producing, [queue(name)], { consumerTransport: consuming, onTestFinished });
    const scene = new Scene(program, name, proxies, direct);
    await program.publish('warm-up');
    await within(patienceMs, 'the warm-up', program.arrival('warm-up'));
    return scene;
  }

  /** Resolves when the faults are over. */
  async suffer(whose: 'producer' | 'consumer', faultsNow: readonly Fault[]): Promise<void> {
    const proxy = whose === 'producer' ? this.#producing : this.#consuming;
    await Promise.all(faultsNow.map((fault) => proxy.inject(fault).over));
  }

  /** Past the proxies. */
  async push(text: string): Promise<void> {
    await this.#direct.producer.publish(textMessage(text), { exchange: '', routingKey: this.name });
  }

  /** Ends the program. Resolves with the number of messages that it has left behind. */
  async leftBehind(): Promise<number> {
    await this.program.close();
    await Promise.all([this.#producing.close(), this.#consuming.close()]);
    const channel = await this.#direct.openChannel();
    return (await channel.declareQueue({ ...queue(this.name), passive: true })).messageCount;
  }

  async close(): Promise<void> {
    await this.program.close();
    await Promise.all([this.#producing.close(), this.#consuming.close()]);
    await (await this.#direct.openChannel()).deleteQueue(this.name);
    await this.#direct.close();
  }
}

describeWith('amqp', 'Over RabbitMQ,', (server) => {
  const url = amqpVhost(server, 'transportFaults');
  /** Milliseconds, by test. */
  const deafFor = new Map<string, number>();

  afterAll(() => {
    const [[longest, ms] = ['', 0]] = [...deafFor].sort(([, a], [, b]) => b - a);
    process.stdout.write(`No consumer was deaf for longer than ${ms} ms after a fault (${longest}).\n`);
  });

  async function scene(context: TestContext): Promise<Scene> {
    const made = await Scene.start(url, context);
    context.onTestFinished(() => made.close());
    return made;
  }

  /** How long the consumer was deaf after the fault: until it had something that was pushed when it was over. */
  async function hearing(it: Scene, over: Promise<void>, { task }: TestContext): Promise<void> {
    await within(20_000, 'the end of the fault', over);
    const overAt = performance.now();
    await it.push('after');
    await within(patienceMs, 'a delivery after the fault', it.program.arrival('after'));
    deafFor.set(task.name, Math.round(performance.now() - overAt));
  }

  const texts = Array.from({ length: 20 }, (_, n) => `message ${n}`);

  test.concurrent.for(Object.entries(faults))(
    '%s while publishing: what was confirmed arrives, and nobody waits for ever',
    { timeout: 90_000 },
    async ([, make], context) => {
      const it = await scene(context);
      const over = it.suffer('producer', make(frames.publish));
      const published = Promise.allSettled(texts.map((text) => it.program.publish(text)));
      await within(20_000, 'the end of the fault', over);
      const outcomes = await within(patienceMs, 'the outcome of publishing', published);
      const confirmed = texts.filter((_, n) => outcomes[n]?.status === 'fulfilled');
      // It was tried again until it was taken.
      expect(confirmed).toEqual(texts);
      await it.program.arrivals(confirmed);
      await it.program.publish('after');
      await within(patienceMs, 'a message that is published afterwards', it.program.arrival('after'));
      expect(await it.leftBehind()).toBe(0);
    },
  );

  const consuming = ['deliver', 'ack'] as const;
  const cases = Object.entries(faults).flatMap(([name, make]) =>
    consuming.map((doing) => [name, doing, make(frames[doing])] as const),
  );

  test.concurrent.for(cases)(
    '%s while consuming (%s): every message arrives, is acknowledged, and the next one is heard of',
    { timeout: 90_000 },
    async ([, , faultsNow], context) => {
      const it = await scene(context);
      const over = it.suffer('consumer', faultsNow);
      await Promise.all(texts.map((text) => it.push(text)));
      await hearing(it, over, context);
      // What was given to a connection that leads nowhere comes back when the broker has missed two heartbeats.
      await it.program.arrivals(texts, patienceMs + 4 * heartbeatMs);
      expect(await it.leftBehind()).toBe(0);
    },
  );

  test('a consumer that waits has the next message although its connection leads nowhere', {
    timeout: 60_000,
  }, async (context) => {
    const it = await scene(context);
    await hearing(it, it.suffer('consumer', [{ kind: 'half-open' }]), context);
  });
});
