import type { Transport } from '@ctq/messaging/transport';
import type { KeyValueStore } from '../backend/key-value-store.js';
import type { ResultBackend, ResultReaders } from '../backend/result-backend.js';

type Options = Readonly<Record<string, unknown>>;

/**
 * What an adapter package exports, by these names. `defaults` are options that stand behind the URL and `options`: what Celery's settings say of every
 * broker (`tls`, from `brokerUseSsl`), or of stores of this kind.
 */
export type CreateTransport = (url: string, options: Options, defaults: Options) => Transport;
export type CreateBackend = (url: string, options: Options, defaults: Options) => ResultBackend;
export type CreateStore = (url: string, options: Options, defaults: Options) => KeyValueStore;

/** What a URL scheme stands for: a package that is loaded when it is needed, or the function itself. */
export interface SchemeRegistration {
  /** A package that exports `createTransport(url, options, defaults)`, or such a function. */
  readonly transport?: string | CreateTransport;
  /** A package that exports `createBackend(url, options, defaults)`, or such a function. */
  readonly backend?: string | CreateBackend;
  /** A package that exports `createStore(url, options, defaults)`, or such a function. Default: the package of `backend`. */
  readonly store?: string | CreateStore;
  /**
   * Who can read results there, which has to be known before a call is sent, and so before the package is loaded: the same as the manifest of `backend` says. Where only
   * the sender can, there is no store beside them. Default `anyone`.
   */
  readonly readers?: ResultReaders;
}

const redis: SchemeRegistration = { transport: '@ctq/transport-redis', backend: '@ctq/backend-redis' };
const amqp: SchemeRegistration = { transport: '@ctq/transport-amqp' };
const postgres: SchemeRegistration = { transport: '@ctq/transport-postgres', backend: '@ctq/backend-postgres' };

/** Schemes of URLs by package, Kombu's and Celery's aliases included; `memory` and `disabled` are built in. */
export const knownSchemes: Readonly<Record<string, SchemeRegistration>> = {
  sqlite: { transport: '@ctq/transport-sqlite', backend: '@ctq/backend-sqlite' },
  redis,
  rediss: redis,
  valkey: redis,
  valkeys: redis,
  sentinel: redis,
  'redis+socket': redis,
  socket: redis,
  unix: redis,
  'redis+cluster': redis,
  'rediss+cluster': redis,
  amqp,
  amqps: amqp,
  pyamqp: amqp,
  librabbitmq: amqp,
  rpc: { backend: '@ctq/backend-rpc', readers: 'sender' },
  postgres,
  postgresql: postgres,
};
