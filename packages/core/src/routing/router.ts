import type { Declarable, Queue, Route as Address } from '@ctq/messaging';
import { compileRoutes, type Route, type RouteOptions } from '../config/route-setting.js';
import type { Settings } from '../config/settings.js';
import type { SendRequest } from '../sending/task-sender.js';
import type { TaskRegistry } from '../task/task-registry.js';
import type { QueueTable } from './queue-table.js';

/** Where a call goes, and what has to exist for it. */
export interface Destination {
  readonly address: Address;
  readonly declare: readonly Declarable[];
  /** Of the exchange behind the queue: for messages that do not say. */
  readonly deliveryMode: 1 | 2 | undefined;
  /** Goes to whoever listens, and nobody may. */
  readonly isBroadcast: boolean;
  /** Its name; undefined for an exchange that leads to whatever is bound to it. */
  readonly queue: string | undefined;
}

export interface Routed {
  readonly destination: Destination;
  /** What the route says beside the destination; below the options of call and task. */
  readonly route: RouteOptions;
}

/** How many names of queues are remembered with where they are; the names of replies and workers may be without number. */
const rememberedQueues = 1_000;

/**
 * Finds the way of a call: its own options over the task's, those over the first route that has something to say, those over the queue's
 * defaults (celery 5.6 app/routes.py, Router.route; app/amqp.py, send_task_message).
 */
export class Router {
  readonly #settings: Settings;
  readonly #queues: QueueTable;
  readonly #registry: TaskRegistry;
  readonly #routes: readonly Route[];
  readonly #plain = new Map<string, Routed>();

  constructor(settings: Settings, queues: QueueTable, registry: TaskRegistry) {
    this.#settings = settings;
    this.#queues = queues;
    this.#registry = registry;
    this.#routes = settings.taskRoutes === undefined ? [] : (compileRoutes(settings.taskRoutes) ?? []);
  }

  route(request: SendRequest): Routed {
    const { options, taskOptions } = request;
    const route = this.#routes.length === 0 ? noRoute : this.#lookUp(request);
    const exchange = options.exchange ?? taskOptions?.exchange ?? route.exchange;
    const routingKey = options.routingKey ?? taskOptions?.routingKey ?? route.routingKey;
    const queue = options.queue ?? taskOptions?.queue ?? route.queue;
    if (exchange === undefined && routingKey === undefined && typeof queue !== 'object') {
      const plain = this.#toQueue(queue ?? this.#settings.taskDefaultQueue);
      return route === noRoute ? plain : { destination: plain.destination, route };
    }
    const exchangeType = options.exchangeType ?? route.exchangeType;
    return { destination: this.#destination(queue, exchange, routingKey, exchangeType), route };
  }

  /** Nothing is made for a call that goes to a queue by its name. */
  #toQueue(name: string): Routed {
    const found = this.#plain.get(name);
    if (found !== undefined) return found;
    const routed = { destination: this.#destination(name, undefined, undefined, undefined), route: noRoute };
    if (this.#plain.size >= rememberedQueues) this.#plain.clear();
    this.#plain.set(name, routed);
    return routed;
  }

  #lookUp({ task, routeName = task, args, kwargs, options }: SendRequest): RouteOptions {
    const definition = this.#registry.find(routeName);
    for (const router of this.#routes) {
      const route = router(routeName, args, kwargs, options, definition);
      if (route !== undefined) return route;
    }
    return noRoute;
  }

  /**
   * A direct exchange of which the exchange or the key is missing is reached over the default exchange, by the queue's name; an exchange of
   * another type may have more queues behind it, and is published to itself.
   */
  #destination(
    given: string | Queue | undefined,
    exchange: string | undefined,
    routingKey: string | undefined,
    exchangeType: string | undefined,
  ): Destination {
    const isElsewhere =
      given === undefined && exchange !== undefined && (routingKey !== undefined || isOther(exchangeType));
    if (isElsewhere) {
      const behind = this.#queues.boundTo(exchange);
      return {
        address: { exchange, routingKey: routingKey ?? '' },
        declare: behind.flatMap(declared),
        deliveryMode: behind.find((one) => one.exchange.name === exchange)?.exchange.deliveryMode,
        isBroadcast: exchangeType === 'fanout' || behind.some(isFanout),
        queue: undefined,
      };
    }
    const queue = typeof given === 'object' ? given : this.#queues.named(given ?? this.#settings.taskDefaultQueue);
    const { deliveryMode } = queue.exchange;
    const isBroadcast = isFanout(queue) || exchangeType === 'fanout';
    const isComplete = exchange !== undefined && routingKey !== undefined;
    if (!isComplete && !isOther(exchangeType ?? queue.exchange.type))
      return {
        address: { exchange: '', routingKey: queue.name },
        declare: declared(queue),
        deliveryMode,
        isBroadcast: false,
        queue: queue.name,
      };
    return {
      address: { exchange: exchange ?? queue.exchange.name, routingKey: routingKey ?? queue.routingKey },
      declare: declared(queue),
      deliveryMode,
      isBroadcast,
      queue: queue.name,
    };
  }
}

const noRoute: RouteOptions = Object.freeze({});

function isOther(exchangeType: string | undefined): boolean {
  return exchangeType !== undefined && exchangeType !== 'direct';
}

function isFanout({ exchange }: Queue): boolean {
  return exchange.type === 'fanout';
}

/** Of a broadcast the exchange alone: a queue of our own would gather copies that nobody takes. */
function declared(queue: Queue): readonly Declarable[] {
  return queue.isBroadcast === true ? [queue.exchange] : [queue];
}
