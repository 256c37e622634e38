import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import { count, duration, integer, optional, options, type Options, text, textList, truth } from '../setting-types.js';

/** Results: what may be given. */
export interface ResultSettings {
  /** Serializers that results may use; `acceptContent` when unset. */
  resultAcceptContent: readonly string[] | null;
  /** URL of the result store; unset keeps no results. */
  resultBackend: string | null;
  /** How many results a client keeps in memory; -1 none. */
  resultCacheMax: number | null;
  /** Type of the exchange that RPC results are published to. */
  resultExchangeType: string;
  /** How long results are kept; null or 0 for ever. */
  resultExpires: Duration | null;
  /** RPC results survive a restart of the broker. */
  resultPersistent: boolean | null;
  /** Store the task's name, arguments, worker, retries and queue with its result. */
  resultExtended: boolean;
  /** Largest result that is stored, in bytes once serialized; `taskMaxMessageSize` when unset. */
  resultMaxSize: number | null;
  /** Serializer of results. */
  resultSerializer: string;
  /** Options of the result backend, beside its URL. */
  resultBackendTransportOptions: Options;
  /** Wait between two polls of a chord that is joined by polling. */
  resultChordRetryInterval: Duration;
  /** How long joining the results of a chord may take. */
  resultChordJoinTimeout: Duration;
  /** Longest wait between two attempts at the result store, in milliseconds. */
  resultBackendMaxSleepBetweenRetriesMs: number;
  /** Attempts at the result store after the first. */
  resultBackendMaxRetries: number;
  /** First wait between two attempts at the result store, in milliseconds. */
  resultBackendBaseSleepBetweenRetriesMs: number;
  /** Repeat failed operations of the result store. */
  resultBackendAlwaysRetry: boolean;
}

export const resultSettings: SettingsTable<ResultSettings> = {
  resultAcceptContent: {
    type: optional(textList),
    default: undefined,
    status: 'effective',
    old: ['RESULT_ACCEPT_CONTENT'],
    doc: 'Serializers that results may use; `acceptContent` when unset.',
  },
  resultBackend: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_RESULT_BACKEND'],
    doc: 'URL of the result store; unset keeps no results.',
  },
  resultCacheMax: {
    type: optional(integer(-1)),
    default: -1,
    status: 'effective',
    old: ['CELERY_MAX_CACHED_RESULTS'],
    doc: 'How many results a client keeps in memory; -1 none.',
  },
  resultExchangeType: {
    type: text,
    default: 'direct',
    status: 'accepted',
    old: ['CELERY_RESULT_EXCHANGE_TYPE'],
    doc: 'Type of the exchange that RPC results are published to.',
  },
  resultExpires: {
    type: optional(duration),
    default: 86_400,
    status: 'effective',
    old: ['CELERY_TASK_RESULT_EXPIRES'],
    doc: 'How long results are kept; null or 0 for ever.',
  },
  resultPersistent: {
    type: optional(truth),
    default: undefined,
    status: 'effective',
    old: ['CELERY_RESULT_PERSISTENT'],
    doc: 'RPC results survive a restart of the broker.',
  },
  resultExtended: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_RESULT_EXTENDED'],
    doc: "Store the task's name, arguments, worker, retries and queue with its result.",
  },
  resultMaxSize: {
    type: optional(integer(1)),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Largest result that is stored, in bytes once serialized; `taskMaxMessageSize` when unset.',
  },
  resultSerializer: {
    type: text,
    default: 'json',
    status: 'effective',
    old: ['CELERY_RESULT_SERIALIZER'],
    doc: 'Serializer of results.',
  },
  resultBackendTransportOptions: {
    type: options,
    default: {},
    status: 'effective',
    old: ['CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS'],
    doc: 'Options of the result backend, beside its URL.',
  },
  resultChordRetryInterval: {
    type: duration,
    default: 1,
    status: 'effective',
    old: ['CELERY_RESULT_CHORD_RETRY_INTERVAL'],
    doc: 'Wait between two polls of a chord that is joined by polling.',
  },
  resultChordJoinTimeout: {
    type: duration,
    default: 3,
    status: 'effective',
    old: ['CELERY_RESULT_CHORD_JOIN_TIMEOUT'],
    doc: 'How long joining the results of a chord may take.',
  },
  resultBackendMaxSleepBetweenRetriesMs: {
    type: integer(0),
    default: 10_000,
    status: 'effective',
    old: ['CELERY_RESULT_BACKEND_MAX_SLEEP_BETWEEN_RETRIES_MS'],
    doc: 'Longest wait between two attempts at the result store, in milliseconds.',
  },
  resultBackendMaxRetries: {
    type: count,
    default: Number.POSITIVE_INFINITY,
    status: 'effective',
    old: ['CELERY_RESULT_BACKEND_MAX_RETRIES'],
    doc: 'Attempts at the result store after the first.',
  },
  resultBackendBaseSleepBetweenRetriesMs: {
    type: integer(0),
    default: 10,
    status: 'effective',
    old: ['CELERY_RESULT_BACKEND_BASE_SLEEP_BETWEEN_RETRIES_MS'],
    doc: 'First wait between two attempts at the result store, in milliseconds.',
  },
  resultBackendAlwaysRetry: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_RESULT_BACKEND_ALWAYS_RETRY'],
    doc: 'Repeat failed operations of the result store.',
  },
};
