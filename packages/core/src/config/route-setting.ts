import type { Queue } from '@ctq/messaging';
import { type ExchangeType, exchangeTypes } from '@ctq/messaging/transport';
import { ConfigurationError, globPattern } from '@ctq/runtime';
import type { CallOptions } from '../sending/call-options.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { camelCased, isQueue } from './queue-setting.js';
import { mismatch, type SettingType } from './setting.js';

/** What a route says of the calls that take it; the call's own options and the task's win over it. */
export interface RouteOptions {
  readonly queue?: string | Queue;
  readonly exchange?: string;
  readonly exchangeType?: ExchangeType;
  readonly routingKey?: string;
  readonly priority?: number;
  readonly serializer?: string;
  readonly compression?: string;
  readonly deliveryMode?: 1 | 2;
  readonly headers?: Readonly<Record<string, unknown>>;
}

interface SnakeRouteOptions {
  readonly exchange_type?: ExchangeType;
  readonly routing_key?: string;
  readonly delivery_mode?: 1 | 2;
}

/** A queue's name, or what is to be merged into the call's options. */
export type TaskRoute = string | (RouteOptions & SnakeRouteOptions);

/** Decides by whatever it likes; with nothing to say it leaves the call to the next router. `task` is undefined where the task is not known. */
export type RouteFunction = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: CallOptions,
  task: TaskDefinition | undefined,
) => TaskRoute | null | undefined;

/** Names, or patterns with `*`; exact names come first, then patterns in their order. */
export type RouteTable = Readonly<Record<string, TaskRoute>>;
export type RoutePair = readonly [pattern: string | RegExp, route: TaskRoute];
export type TaskRouter = RouteTable | RouteFunction | readonly RoutePair[];
/** One router, or several of which the first that has something to say wins. Pairs in a row are one table. */
export type TaskRoutes = RouteTable | RouteFunction | readonly (TaskRouter | RoutePair)[];

/** A router made ready: what it says of a call, parsed; undefined for nothing. */
export type Route = (...call: Parameters<RouteFunction>) => RouteOptions | undefined;

export const taskRoutes: SettingType<TaskRoutes> = {
  expected: "routes such as { 'media.*': 'images' }, a function, or a list of these and of [pattern, route]",
  parse: (value) => (compileRoutes(value) === undefined ? mismatch : (value as TaskRoutes)),
  parseText(text) {
    try {
      return taskRoutes.parse(JSON.parse(text));
    } catch {
      return mismatch;
    }
  },
};

/** The routers of the setting in their order; undefined when it is none (celery 5.6 app/routes.py, prepare). */
export function compileRoutes(given: unknown): readonly Route[] | undefined {
  const routers: Route[] = [];
  for (const router of Array.isArray(given) && !isPair(given) ? joinPairs(given) : [given]) {
    const compiled = typeof router === 'function' ? byFunction(router as RouteFunction) : byTable(router);
    if (compiled === undefined) return undefined;
    routers.push(compiled);
  }
  return routers;
}

function joinPairs(list: readonly unknown[]): readonly unknown[] {
  const joined: unknown[] = [];
  let pairs: unknown[] | undefined;
  for (const item of list) {
    if (!isPair(item)) pairs = undefined;
    else if (pairs === undefined) joined.push((pairs = [item]));
    else pairs.push(item);
    if (!isPair(item)) joined.push(item);
  }
  return joined;
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && (typeof value[0] === 'string' || value[0] instanceof RegExp);
}

function byFunction(router: RouteFunction): Route {
  return (...call) => {
    const route: unknown = router(...call);
    if (route === undefined || route === null) return undefined;
    const parsed = parseRoute(route);
    if (parsed !== undefined) return parsed;
    throw new ConfigurationError(
      'CTQ_BAD_ROUTE',
      `A router gave no route for task '${call[0]}': expected a queue's name, an object of route options, or nothing; synchronously.`,
      { details: { task: call[0] } },
    );
  };
}

/** celery 5.6 app/routes.py, MapRoute: exact names, then patterns in their order. */
function byTable(table: unknown): Route | undefined {
  if (typeof table !== 'object' || table === null) return undefined;
  const exact = new Map<string, RouteOptions>();
  const patterns: [pattern: RegExp, route: RouteOptions][] = [];
  const entries: readonly unknown[] = Array.isArray(table) ? (isPair(table) ? [table] : table) : Object.entries(table);
  for (const entry of entries) {
    if (!isPair(entry)) return undefined;
    const [pattern, given] = entry as readonly [string | RegExp, unknown];
    const route = parseRoute(given);
    if (route === undefined) return undefined;
    if (pattern instanceof RegExp) patterns.push([anchored(pattern), route]);
    else if (pattern.includes('*')) patterns.push([globPattern(pattern), route]);
    else exact.set(pattern, route);
  }
  return (name) => exact.get(name) ?? patterns.find(([pattern]) => matches(pattern, name))?.[1];
}

/** Python's `match`: from the start of the name, not necessarily to its end. */
function anchored(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gy]/g, '')}y`);
}

function matches(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}

const members: Readonly<Record<string, (value: unknown) => boolean>> = {
  queue: (value) => (typeof value === 'string' && value !== '') || isQueue(value),
  exchange: (value) => typeof value === 'string',
  exchangeType: (value) => exchangeTypes.some((type) => type === value),
  routingKey: (value) => typeof value === 'string',
  priority: (value) => Number.isInteger(value),
  serializer: (value) => typeof value === 'string',
  compression: (value) => typeof value === 'string',
  deliveryMode: (value) => value === 1 || value === 2,
  headers: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function parseRoute(given: unknown): RouteOptions | undefined {
  if (typeof given === 'string') return given === '' ? undefined : { queue: given };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  if (isQueue(given)) return { queue: given };
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const route = camelCased(given);
  const isKnown = Object.entries(route).every(
    ([name, value]) => Object.hasOwn(members, name) && members[name]?.(value) === true,
  );
  return isKnown ? route : undefined;
}
