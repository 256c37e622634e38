import type { Transport } from '@ctq/messaging/transport';
import type { ResultBackend } from '../backend/result-backend.js';

/** What an adapter package exports, by these names. */
export type CreateTransport = (url: string, options: Readonly<Record<string, unknown>>) => Transport;
export type CreateBackend = (url: string, options: Readonly<Record<string, unknown>>) => ResultBackend;

/** What a URL scheme stands for: a package that is loaded when it is needed, or the function itself. */
export interface SchemeRegistration {
  /** A package that exports `createTransport(url, options)`, or such a function. */
  readonly transport?: string | CreateTransport;
  /** A package that exports `createBackend(url, options)`, or such a function. */
  readonly backend?: string | CreateBackend;
}

const redis: SchemeRegistration = { transport: '@ctq/transport-redis', backend: '@ctq/backend-redis' };
const amqp: SchemeRegistration = { transport: '@ctq/transport-amqp' };
const postgres: SchemeRegistration = { transport: '@ctq/transport-postgres', backend: '@ctq/backend-postgres' };

/** Schemes of URLs by package, Kombu's and Celery's aliases included; `memory` and `disabled` are built in. */
export const knownSchemes: Readonly<Record<string, SchemeRegistration>> = {
  sqlite: { transport: '@ctq/transport-sqlite', backend: '@ctq/backend-sqlite' },
  redis,
  rediss: redis,
  sentinel: redis,
  'redis+socket': redis,
  amqp,
  amqps: amqp,
  pyamqp: amqp,
  librabbitmq: amqp,
  rpc: { backend: '@ctq/backend-rpc' },
  postgres,
  postgresql: postgres,
};
