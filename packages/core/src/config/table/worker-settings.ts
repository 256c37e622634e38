import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import {
  duration,
  integer,
  type LogLevelName,
  logLevelName,
  optional,
  poolName,
  type PoolName,
  text,
  truth,
} from '../setting-types.js';

/** Worker: what may be given. */
export interface WorkerSettings {
  /** Cancel running tasks that are acknowledged late when the broker was lost; without it only their signals are aborted. */
  workerCancelLongRunningTasksOnConnectionLoss: boolean;
  /** Time that a cold shutdown leaves running tasks before it aborts them. */
  workerSoftShutdownTimeout: Duration;
  /** A cold shutdown takes that time also when nothing runs. */
  workerEnableSoftShutdownOnIdle: boolean;
  /** How many tasks run at a time; by default 100 async ones, or one per core in threads and processes. */
  workerConcurrency: number | null;
  /** Every worker consumes a queue of its own too. */
  workerDirect: boolean;
  /** Ignore rate limits of single workers. */
  workerDisableRateLimits: boolean;
  /** Skip redelivered tasks that have succeeded. */
  workerDeduplicateSuccessfulTasks: boolean;
  /** How many calls a worker remembers whose success it has made known, for `workerDeduplicateSuccessfulTasks`. */
  workerSuccessfulMax: number;
  /** For how long. */
  workerSuccessfulExpires: Duration;
  /** How many revoked tasks a worker remembers. */
  workerRevokesMax: number;
  /** For how long. */
  workerRevokeExpires: Duration;
  /** Listen to remote control commands. */
  workerEnableRemoteControl: boolean;
  /** The log of `ctq worker` is written by it, also where the app has a logger of its own; false leaves it to that. */
  workerHijackRootLogger: boolean;
  /** Colours in the log of `ctq worker`; by default on terminals. */
  workerLogColor: boolean | null;
  /** Form of the lines of `ctq worker`, with Python's placeholders. */
  workerLogFormat: string;
  /** Form of its lines that are of a task. */
  workerTaskLogFormat: string;
  /** Replace a process (by its resident memory) or thread (by its heap) that has more KiB after a task. */
  workerMaxMemoryPerChild: number | null;
  /** Replace a process or thread after so many tasks. */
  workerMaxTasksPerChild: number | null;
  /** Where tasks run. */
  workerPool: PoolName;
  /** Allow the remote control command pool_restart. */
  workerPoolRestarts: boolean;
  /** How long a thread or process may take to load the application. Celery: 4. */
  workerProcAliveTimeout: Duration;
  /** Messages to hold per task that may run; 0 for no limit. */
  workerPrefetchMultiplier: number;
  /** Most messages to hold, those with an ETA included. */
  workerEtaTaskLimit: number | null;
  /** Hold fewer messages after a lost connection, until the running tasks are done. */
  workerEnablePrefetchCountReduction: boolean;
  /** Take a message only when a task may start. */
  workerDisablePrefetch: boolean;
  /** What is printed in `ctq worker` goes to its log. */
  workerRedirectStdouts: boolean;
  /** Level of it. */
  workerRedirectStdoutsLevel: LogLevelName;
  /** Send events of tasks. */
  workerSendTaskEvents: boolean;
  /** File in which a worker remembers revoked tasks. */
  workerStateDb: string | null;
  /** File for the lines of `ctq worker`, in place of stderr; `%p` node name, `%n` its first part, `%h` host. */
  workerLogfile: string | null;
  /** File with the process id of `ctq worker`, which is the only one with it; the same placeholders. */
  workerPidfile: string | null;
  /** User that `ctq worker` runs as, a name or a number. */
  workerUid: string | null;
  /** Group that `ctq worker` runs as. */
  workerGid: string | null;
  /** File mode mask of `ctq worker`, octal. */
  workerUmask: string | null;
  /** The Node that `ctq worker --detach` runs in the background. */
  workerExecutable: string | null;
  /** How long a task may block the event loop before its messages are given to other workers. */
  workerMaxBlockedTime: Duration;
  /** How long a worker may receive nothing while messages wait and it has room, before it consumes anew, then reconnects, then ends; null or 0 for ever. */
  workerMaxSilentTime: Duration | null;
}

export const workerSettings: SettingsTable<WorkerSettings> = {
  workerCancelLongRunningTasksOnConnectionLoss: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERYD_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS'],
    doc: 'Cancel running tasks that are acknowledged late when the broker was lost; without it only their signals are aborted.',
  },
  workerSoftShutdownTimeout: {
    type: duration,
    default: 0,
    status: 'effective',
    old: ['CELERYD_SOFT_SHUTDOWN_TIMEOUT'],
    doc: 'Time that a cold shutdown leaves running tasks before it aborts them.',
  },
  workerEnableSoftShutdownOnIdle: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERYD_ENABLE_SOFT_SHUTDOWN_ON_IDLE'],
    doc: 'A cold shutdown takes that time also when nothing runs.',
  },
  workerConcurrency: {
    type: optional(integer(1)),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_CONCURRENCY'],
    doc: 'How many tasks run at a time; by default 100 async ones, or one per core in threads and processes.',
  },
  workerDirect: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_WORKER_DIRECT'],
    doc: 'Every worker consumes a queue of its own too.',
  },
  workerDisableRateLimits: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_DISABLE_RATE_LIMITS'],
    doc: 'Ignore rate limits of single workers.',
  },
  workerDeduplicateSuccessfulTasks: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERYD_DEDUPLICATE_SUCCESSFUL_TASKS'],
    doc: 'Skip redelivered tasks that have succeeded.',
  },
  workerSuccessfulMax: {
    type: integer(0),
    default: 1_000,
    status: 'effective',
    old: ['CELERY_WORKER_SUCCESSFUL_MAX'],
    doc: 'How many calls a worker remembers whose success it has made known, for `workerDeduplicateSuccessfulTasks`.',
  },
  workerSuccessfulExpires: {
    type: duration,
    default: 10_800,
    status: 'effective',
    old: ['CELERY_WORKER_SUCCESSFUL_EXPIRES'],
    doc: 'For how long.',
  },
  workerRevokesMax: {
    type: integer(0),
    default: 50_000,
    status: 'effective',
    old: ['CELERY_WORKER_REVOKES_MAX'],
    doc: 'How many revoked tasks a worker remembers.',
  },
  workerRevokeExpires: {
    type: duration,
    default: 10_800,
    status: 'effective',
    old: ['CELERY_WORKER_REVOKE_EXPIRES'],
    doc: 'For how long.',
  },
  workerEnableRemoteControl: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_ENABLE_REMOTE_CONTROL'],
    doc: 'Listen to remote control commands.',
  },
  workerHijackRootLogger: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERYD_HIJACK_ROOT_LOGGER'],
    doc: 'The log of `ctq worker` is written by it, also where the app has a logger of its own; false leaves it to that.',
  },
  workerLogColor: {
    type: optional(truth),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_LOG_COLOR'],
    doc: 'Colours in the log of `ctq worker`; by default on terminals.',
  },
  workerLogFormat: {
    type: text,
    default: '[%(asctime)s: %(levelname)s/%(processName)s] %(message)s',
    status: 'effective',
    old: ['CELERYD_LOG_FORMAT'],
    doc: "Form of the lines of `ctq worker`, with Python's placeholders.",
  },
  workerTaskLogFormat: {
    type: text,
    default: '[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s',
    status: 'effective',
    old: ['CELERYD_TASK_LOG_FORMAT'],
    doc: 'Form of its lines that are of a task.',
  },
  workerMaxMemoryPerChild: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_MAX_MEMORY_PER_CHILD'],
    doc: 'Replace a process (by its resident memory) or thread (by its heap) that has more KiB after a task.',
  },
  workerMaxTasksPerChild: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_MAX_TASKS_PER_CHILD'],
    doc: 'Replace a process or thread after so many tasks.',
  },
  workerPool: {
    type: poolName,
    default: 'async',
    status: 'effective',
    old: ['CELERYD_POOL'],
    doc: 'Where tasks run.',
  },
  workerPoolRestarts: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERYD_POOL_RESTARTS'],
    doc: 'Allow the remote control command pool_restart.',
  },
  workerProcAliveTimeout: {
    type: duration,
    default: 60,
    status: 'effective',
    old: ['CELERYD_PROC_ALIVE_TIMEOUT'],
    doc: 'How long a thread or process may take to load the application. Celery: 4.',
  },
  workerPrefetchMultiplier: {
    type: integer(0),
    default: 4,
    status: 'effective',
    old: ['CELERYD_PREFETCH_MULTIPLIER'],
    doc: 'Messages to hold per task that may run; 0 for no limit.',
  },
  workerEtaTaskLimit: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_ETA_TASK_LIMIT'],
    doc: 'Most messages to hold, those with an ETA included.',
  },
  workerEnablePrefetchCountReduction: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERYD_ENABLE_PREFETCH_COUNT_REDUCTION'],
    doc: 'Hold fewer messages after a lost connection, until the running tasks are done.',
  },
  workerDisablePrefetch: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERYD_DISABLE_PREFETCH'],
    doc: 'Take a message only when a task may start.',
  },
  workerRedirectStdouts: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_REDIRECT_STDOUTS'],
    doc: 'What is printed in `ctq worker` goes to its log.',
  },
  workerRedirectStdoutsLevel: {
    type: logLevelName,
    default: 'WARNING',
    status: 'effective',
    old: ['CELERY_REDIRECT_STDOUTS_LEVEL'],
    doc: 'Level of it.',
  },
  workerSendTaskEvents: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_SEND_EVENTS'],
    doc: 'Send events of tasks.',
  },
  workerStateDb: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_STATE_DB'],
    doc: 'File in which a worker remembers revoked tasks.',
  },
  workerLogfile: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'File for the lines of `ctq worker`, in place of stderr; `%p` node name, `%n` its first part, `%h` host.',
  },
  workerPidfile: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'File with the process id of `ctq worker`, which is the only one with it; the same placeholders.',
  },
  workerUid: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'User that `ctq worker` runs as, a name or a number.',
  },
  workerGid: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Group that `ctq worker` runs as.',
  },
  workerUmask: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'File mode mask of `ctq worker`, octal.',
  },
  workerExecutable: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'The Node that `ctq worker --detach` runs in the background.',
  },
  workerMaxBlockedTime: {
    type: duration,
    default: 300,
    status: 'effective',
    old: [],
    doc: 'How long a task may block the event loop before its messages are given to other workers.',
  },
  workerMaxSilentTime: {
    type: optional(duration),
    default: 120,
    status: 'effective',
    old: [],
    doc: 'How long a worker may receive nothing while messages wait and it has room, before it consumes anew, then reconnects, then ends; null or 0 for ever.',
  },
};
