import {
  addToChord,
  type ChordAddition,
  type DeliveryInfo,
  type EventFields,
  type Execution,
  Ignore,
  type Outcome,
  parseWireTime,
  replaceTask,
  type RequestedEvent,
  storeProgress,
  TaskAbort,
  type TaskDefinition,
  type TaskMessage,
  type TaskState,
} from '@ctq/core';
import type { Delivery, Message, MessageProperties } from '@ctq/messaging';
import type { Clock, Logger } from '@ctq/runtime';
import type { Standing } from '../poison/crash-guard.js';
import type { TaskPolicy } from './task-policy.js';
import type { Workplace } from './workplace.js';

/** What is known of an execution when it is made known: `Completion` of core without the outcome. */
export interface RequestFacts {
  readonly message: TaskMessage;
  readonly definition: TaskDefinition | undefined;
  readonly deliveryInfo: DeliveryInfo;
  readonly hostname: string;
}

/**
 * One delivery on its way through the worker, and the execution that the pool is given (Celery's Request).
 * ```
 * received ─► waiting ─► running ─► completing ─► settled
 *    │           │          │           │
 *    └─ parked   └──────────┴───────────┴──► abandoned: given back, its late outcome is nobody's
 * ```
 */
export class TaskRequest implements Execution {
  readonly delivery: Delivery;
  readonly message: TaskMessage;
  readonly definition: TaskDefinition;
  readonly policy: TaskPolicy;
  readonly deliveryInfo: DeliveryInfo;
  readonly hostname: string;
  readonly isEager = false;
  readonly abort: TaskAbort = new TaskAbort();
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is known of earlier runs, where it was delivered before. */
  standing: Standing | undefined;
  /** Nothing else runs in this worker while it does. */
  runsAlone = false;
  /** It was revoked while it ran, and is to be ended. */
  isTerminated = false;
  /** Its place among what this worker was given. */
  arrival = 0;
  /** Of its entry, where it is unique and has one. */
  uniqueVersion: number | undefined;
  /** When it got a slot, in milliseconds since the epoch. */
  startedAt: number | undefined;
  readonly #workplace: Workplace;
  #isAbandoned = false;
  #abandoning: AbortController | undefined;

  constructor(workplace: Workplace, delivery: Delivery, message: TaskMessage, definition: TaskDefinition) {
    this.#workplace = workplace;
    this.delivery = delivery;
    this.message = message;
    this.definition = definition;
    this.policy = workplace.policyOf(definition);
    this.deliveryInfo = deliveryInfoOf(delivery);
    this.hostname = workplace.hostname;
    this.clock = workplace.clock;
    this.logger = workplace.logger;
  }

  get source(): Message {
    return this.delivery.message;
  }

  get properties(): MessageProperties {
    return this.delivery.message.properties;
  }

  /** As logs and monitors show it. */
  get name(): string {
    return this.message.shadow ?? this.message.task;
  }

  /** Expired messages are delivered too, so that their callers are told (celery 5.6 worker/request.py, maybe_expire). */
  get hasExpired(): boolean {
    const { expiresAt } = this.delivery;
    const { expires } = this.message;
    if (expiresAt === undefined && expires === null) return false;
    const now = this.clock.now();
    return (
      (expiresAt !== undefined && expiresAt <= now) ||
      (expires !== null && parseWireTime(expires, this.#workplace.timeZone) <= now)
    );
  }

  /** When it may run, in milliseconds since the epoch; undefined for at once. */
  get dueAt(): number | undefined {
    const { eta } = this.message;
    if (eta === null) return undefined;
    const at = parseWireTime(eta, this.#workplace.timeZone);
    return at > this.clock.now() ? at : undefined;
  }

  /** It was given back: what it comes to is neither stored nor acknowledged. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Aborted when it is. Apart from the task's own signal, which time limits abort as well. */
  get abandoned(): AbortSignal {
    this.#abandoning ??= new AbortController();
    if (this.#isAbandoned) this.#abandoning.abort();
    return this.#abandoning.signal;
  }

  abandon(reason: Error): void {
    this.#isAbandoned = true;
    this.#abandoning?.abort();
    this.abort.abort(reason);
  }

  updateState(message: TaskMessage, state: TaskState, meta: unknown): Promise<void> {
    if (this.#isAbandoned) return Promise.resolve();
    return storeProgress(this.#workplace.kernel, { ...this.facts, message }, state, meta);
  }

  sendEvent(type: string, fields: EventFields): Promise<void> {
    if (this.#isAbandoned) return Promise.resolve();
    return this.#workplace.kernel.events.send(type, fields, { hostname: this.hostname });
  }

  replace(signature: unknown): Promise<unknown> {
    // Whoever has the message now replaces it.
    if (this.#isAbandoned) return Promise.reject(new Ignore('It is run elsewhere'));
    return replaceTask(this.#workplace.kernel, this, signature);
  }

  addToChord(addition: ChordAddition): Promise<unknown> {
    return addToChord(this.#workplace.kernel, this, addition);
  }

  /** For signals. */
  get event(): RequestedEvent {
    const { message, deliveryInfo, hostname } = this;
    return { sender: message.task, task: message.task, id: message.id, message, deliveryInfo, hostname };
  }

  get facts(): RequestFacts {
    return {
      message: this.message,
      definition: this.definition,
      deliveryInfo: this.deliveryInfo,
      hostname: this.hostname,
    };
  }

  completion(outcome: Outcome): RequestFacts & { readonly outcome: Outcome } {
    return {
      message: this.message,
      definition: this.definition,
      deliveryInfo: this.deliveryInfo,
      hostname: this.hostname,
      outcome,
    };
  }
}

/** celery 5.6 worker/request.py, Request.__init__: `delivery_info`. */
export function deliveryInfoOf({ message, route, redelivered }: Delivery): DeliveryInfo {
  return {
    exchange: route.exchange,
    routingKey: route.routingKey,
    priority: message.properties.priority ?? 0,
    redelivered,
  };
}
