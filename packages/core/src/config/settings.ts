import type { PublishRetryPolicy } from '@ctq/messaging';
import type { PoolName } from './setting-types.js';
import type { Parsed } from './setting.js';
import type { BeatSettings } from './table/beat-settings.js';
import type { BrokerSettings } from './table/broker-settings.js';
import type { ControlSettings } from './table/control-settings.js';
import type { EventSettings } from './table/event-settings.js';
import type { GeneralSettings } from './table/general-settings.js';
import type { ResultSettings } from './table/result-settings.js';
import type { SecuritySettings } from './table/security-settings.js';
import type { StoresSettings } from './table/stores-settings.js';
import type { TaskSettings } from './table/task-settings.js';
import type { WorkerSettings } from './table/worker-settings.js';

/** What may be given, by camelCase name. */
export interface SettingsGiven
  extends GeneralSettings,
    BrokerSettings,
    TaskSettings,
    ResultSettings,
    WorkerSettings,
    BeatSettings,
    ControlSettings,
    EventSettings,
    StoresSettings,
    SecuritySettings {}

/** Settings whose resolved form differs from what is given by more than a unit. */
interface ResolvedOtherwise {
  /** Several are joined with `;`. */
  readonly brokerUrl: string | undefined;
  readonly brokerReadUrl: string | undefined;
  readonly brokerWriteUrl: string | undefined;
  /** `Infinity` for no limit. */
  readonly brokerConnectionMaxRetries: number;
  readonly resultAcceptContent: readonly string[];
  readonly taskDefaultExchange: string;
  readonly taskDefaultRoutingKey: string;
  readonly taskPublishRetryPolicy: Required<PublishRetryPolicy>;
  readonly timezone: string;
  readonly workerPool: Exclude<PoolName, 'prefork'>;
}

/** All settings, with defaults and fallbacks filled in: durations in seconds, undefined where Celery has None. */
export type Settings = ResolvedOtherwise & {
  readonly [K in Exclude<keyof SettingsGiven, keyof ResolvedOtherwise>]: Parsed<SettingsGiven[K]>;
};

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

/**
 * Settings as people give them: camelCase, or Celery's snake_case, or its old upper-case names (`BROKER_URL`, `CELERY_RESULT_BACKEND`). A duration is a
 * number of seconds or a text such as '10s'. Names and values are checked again at run time.
 */
export type SettingsInput = { readonly [K in keyof SettingsGiven]?: SettingsGiven[K] | undefined } & {
  readonly [K in keyof SettingsGiven as SnakeCase<K>]?: SettingsGiven[K] | undefined;
} & { readonly [Old in Uppercase<string>]?: unknown };
