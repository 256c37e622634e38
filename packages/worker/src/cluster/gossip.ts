import { randomUUID } from 'node:crypto';
import { type Ctq, eventExchange, type EventDispatcher, type SerializedSignature } from '@ctq/core';
import { type Connection, type Consumer, type Delivery, type Queue, queue } from '@ctq/messaging';
import { Deadline, type Duration, type Logger, type Service, type Timer, toError } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';
import { Elections } from './elections.js';
import { Members } from './members.js';

/** How often it looks who is missed. Celery's. */
const lookMs = 5_000;
/** A worker that cannot listen by then starts without, and goes on trying. */
const longestStartMs = 10_000;

export interface GossipOptions {
  readonly app: Ctq;
  /** Node name. */
  readonly name: string;
  readonly logger: Logger;
  readonly dispatcher: EventDispatcher;
  /** The worker's own, over which it consumes. */
  readonly connection: () => Connection;
  /** How long an event waits for this worker. */
  readonly queueTtl: Duration;
}

/** Listens to the events of the other workers: who is there, and what they agree on (celery 5.6 worker/consumer/gossip.py, Gossip). */
export class Gossip implements Service {
  readonly name = 'gossip';
  readonly #options: GossipOptions;
  readonly #life = new ServiceLife('gossip');
  readonly #members: Members;
  readonly #elections: Elections;
  readonly #underWay = new Set<Promise<unknown>>();
  #consumer: Consumer | undefined;
  #timer: Timer | undefined;

  constructor(options: GossipOptions) {
    const { app, name, logger, dispatcher } = options;
    this.#options = options;
    this.#members = new Members(app.kernel.clock);
    this.#elections = new Elections({
      ownId: `${name}.${process.pid}`,
      clock: app.kernel.clock,
      logger,
      others: () => this.#members.alive,
      send: (type, fields) => dispatcher.send(type, fields),
      handlers: { task: (action) => this.#attend(this.#callTask(action)) },
    });
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  /** Node names of the other workers that are there. */
  get neighbors(): readonly string[] {
    return this.#members.alive.map(({ name }) => name);
  }

  /** Has the workers agree on one of them that does it. Without effect where nobody listens. */
  hold(id: string, topic: string, action: unknown): void {
    if (this.#consumer !== undefined) this.#elections.hold(id, topic, action);
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      const { connection } = this.#options;
      // As mingling: nobody else is in reach.
      if (connection().transport.supports.reach !== 'network') return;
      const consumer = connection().consume({
        queues: [this.#queue()],
        noAck: true,
        onDelivery: (delivery) => this.#onDelivery(delivery),
      });
      const started = consumer.start(pending);
      try {
        if (!(await Deadline.after(longestStartMs, this.#options.app.kernel.clock).wait(started))) {
          this.#options.logger.warn("Couldn't listen to the other workers yet; going on without until then");
          started.catch((error: unknown) => {
            if (!pending.aborted) this.#tellWithout(error);
          });
        }
      } catch (error) {
        await consumer.close();
        pending.throwIfAborted();
        // Not allowed to, perhaps. Tasks are run without the others as well.
        this.#tellWithout(error);
        return;
      }
      this.#consumer = consumer;
      this.#lookLater();
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    this.#timer?.cancel();
    this.#elections.close();
    if (this.#consumer !== undefined) await deadline.wait(this.#consumer.close());
    await deadline.wait(Promise.all(this.#underWay));
  }

  /** celery 5.6 events/receiver.py, EventReceiver. */
  #queue(): Queue {
    const { app, connection, queueTtl } = this.#options;
    const { settings } = app.kernel;
    return queue(`${settings.eventQueuePrefix}.${randomUUID()}`, {
      exchange: eventExchange(settings.eventExchange, connection().transport.name),
      routingKey: 'worker.#',
      durable: settings.eventQueueDurable,
      exclusive: settings.eventQueueExclusive,
      autoDelete: !settings.eventQueueDurable,
      expires: settings.eventQueueExpires,
      messageTtl: queueTtl,
    });
  }

  #tellWithout(error: unknown): void {
    this.#options.logger.warn({ err: toError(error) }, "Couldn't listen to the other workers; going on without");
  }

  #lookLater(): void {
    const look = (): void => {
      for (const lost of this.#members.takeLost()) {
        this.#options.logger.info(`missed heartbeat from ${lost}`);
        this.#tell('nodeLost', lost);
      }
      this.#lookLater();
    };
    this.#timer = this.#options.app.kernel.clock.setTimer(look, lookMs, { background: true });
  }

  #onDelivery({ message, route }: Delivery): void {
    // Redis without patterns has one channel for all events.
    if (route.routingKey.startsWith('task.')) return;
    const { logger, app } = this.#options;
    let body: unknown;
    try {
      body = app.kernel.eventContent.decode(message);
    } catch (error) {
      logger.error({ err: toError(error) }, 'Cannot decode an event of a worker; it is dropped');
      return;
    }
    for (const event of Array.isArray(body) ? (body as unknown[]) : [body]) if (isEvent(event)) this.#onEvent(event);
  }

  #onEvent(event: WorkerEvent): void {
    const { name: ownName, app, logger } = this.#options;
    const { hostname: name, type, clock } = event;
    if (name === ownName) app.kernel.logicalClock.forward();
    else app.kernel.logicalClock.adjust(clock);
    if (type === 'worker-elect') return this.#elections.onElect(event);
    if (type === 'worker-elect-ack') return this.#elections.onAck(event);
    if (name === ownName || !type.startsWith('worker-')) return;
    if (type === 'worker-offline') {
      if (!this.#members.forget(name)) return;
      logger.debug(`${name} left`);
      this.#tell('nodeLeave', name);
    } else if (this.#members.saw(name, event)) {
      logger.debug(`${name} joined the party`);
      this.#tell('nodeJoin', name);
    }
  }

  #tell(what: 'nodeJoin' | 'nodeLeave' | 'nodeLost', sender: string): void {
    const { app, name } = this.#options;
    this.#attend(app.kernel.signals[what].send(sender, () => ({ sender, seenBy: name })));
  }

  /** It must not reject. */
  #attend(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const attended = work.finally(() => this.#underWay.delete(attended));
    this.#underWay.add(attended);
  }

  /** celery 5.6 worker/consumer/gossip.py, call_task. Never rejects. */
  async #callTask(action: unknown): Promise<void> {
    const { app, logger } = this.#options;
    try {
      await app.signature(action as SerializedSignature).applyAsync();
    } catch (error) {
      logger.error({ err: toError(error), action }, 'Could not call task');
    }
  }
}

type WorkerEvent = Readonly<Record<string, unknown>> & { readonly hostname: string; readonly type: string };

function isEvent(value: unknown): value is WorkerEvent {
  if (typeof value !== 'object' || value === null || !('hostname' in value) || !('type' in value)) return false;
  return typeof value.hostname === 'string' && typeof value.type === 'string';
}
