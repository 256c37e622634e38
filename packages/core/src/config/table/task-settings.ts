import { defaultPublishRetryPolicy } from '@ctq/messaging';
import { type ExchangeType, exchangeTypes } from '@ctq/messaging/transport';
import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import { type TaskAnnotations, taskAnnotations } from '../annotation-setting.js';
import { type TaskQueues, taskQueues } from '../queue-setting.js';
import { type TaskRoutes, taskRoutes } from '../route-setting.js';
import {
  deliveryMode,
  type DeliveryModeName,
  duration,
  integer,
  oneOf,
  optional,
  quarantinePattern,
  type PublishRetryPolicySetting,
  rate,
  retryPolicy,
  text,
  truth,
  truthOrTextList,
} from '../setting-types.js';

/** Tasks: what may be given. */
export interface TaskSettings {
  /** Acknowledge a message after its task ran (at least once), not before (at most once). Celery: false. */
  taskAcksLate: boolean;
  /** With late acknowledgement: failed and timed out tasks are acknowledged too. */
  taskAcksOnFailureOrTimeout: boolean;
  /** The same for failed tasks only. */
  taskAcksOnFailure: boolean | null;
  /** The same for timed out tasks only. */
  taskAcksOnTimeout: boolean | null;
  /** Sending runs the task here and now, without a broker. */
  taskAlwaysEager: boolean;
  /** Options that are put over those of tasks: by name or for all, by a function, or by several of these. */
  taskAnnotations: TaskAnnotations | null;
  /** Compression of message bodies. */
  taskCompression: string | null;
  /** Queues that are not in `taskQueues` are made up. */
  taskCreateMissingQueues: boolean;
  /** Type of queues that are made up. */
  taskCreateMissingQueueType: 'classic' | 'quorum';
  /** Exchange type of queues that are made up. */
  taskCreateMissingQueueExchangeType: ExchangeType | null;
  /** Tasks sent by a task have its priority. */
  taskInheritParentPriority: boolean;
  /** Tasks sent by a task have its own headers and stamps too: all of them, or those of these names. Celery has none of this. */
  taskInheritParentHeaders: boolean | readonly string[];
  /** 2 or persistent: messages survive a restart of the broker; 1 or transient: they do not. */
  taskDefaultDeliveryMode: 1 | 2 | DeliveryModeName;
  /** Queue of tasks that are not routed elsewhere. */
  taskDefaultQueue: string;
  /** Type of the default queue. */
  taskDefaultQueueType: 'classic' | 'quorum';
  /** Exchange of the default queue; named like it when unset. */
  taskDefaultExchange: string | null;
  /** Type of that exchange. */
  taskDefaultExchangeType: ExchangeType;
  /** Routing key of the default queue; its name when unset. */
  taskDefaultRoutingKey: string | null;
  /** How often a task may run on one worker, such as '10/m'. */
  taskDefaultRateLimit: number | string | null;
  /** Priority of tasks that have none. */
  taskDefaultPriority: number | null;
  /** Errors of eager tasks are thrown to the caller. */
  taskEagerPropagates: boolean;
  /** Do not store results. */
  taskIgnoreResult: boolean;
  /** Store the results of eager tasks in the result backend, not in memory alone. */
  taskStoreEagerResult: boolean;
  /** Message protocol of what is sent. */
  taskProtocol: 1 | 2;
  /** Publish again when the connection was lost. */
  taskPublishRetry: boolean;
  /** How often and after which waits. */
  taskPublishRetryPolicy: PublishRetryPolicySetting;
  /** Queues to declare and consume, as `queue()` makes them or by name; in place of the default queue. */
  taskQueues: TaskQueues | null;
  /** `x-max-priority` of queues that do not say. */
  taskQueueMaxPriority: number | null;
  /** With late acknowledgement: a task whose worker died is run again. Celery: false. */
  taskRejectOnWorkerLost: boolean;
  /** With late acknowledgement: a task that took its process down so often, running alone, is put into quarantine; null for never. */
  taskMaxCrashes: number | null;
  /** Where it is put: `{queue}` is the queue that it was in. */
  taskQuarantineQueue: string;
  /** Errors of remote tasks show the remote traceback. */
  taskRemoteTracebacks: boolean;
  /** Where tasks go: by name or pattern, by a function, or by several of these. */
  taskRoutes: TaskRoutes | null;
  /** Send an event for each task that is sent. */
  taskSendSentEvent: boolean;
  /** Serializer of what is sent. */
  taskSerializer: string;
  /** Abort the signal of a task that runs longer. */
  taskSoftTimeLimit: Duration | null;
  /** End a task that runs longer. */
  taskTimeLimit: Duration | null;
  /** Store errors even of tasks whose results are ignored. */
  taskStoreErrorsEvenIfIgnored: boolean;
  /** Store STARTED when a task starts. */
  taskTrackStarted: boolean;
  /** Errbacks of a chord are called for each member of its header that fails, too. */
  taskAllowErrorCbOnChordHeader: boolean;
  /** How many steps of a chain a message carries at most; the others wait in the key-value store of the app. Unset: all of them, as in Celery. */
  taskChainInlineLinks: number | null;
  /** Largest message body that is sent or decoded, in bytes, before and after decompression. */
  taskMaxMessageSize: number;
}

export const taskSettings: SettingsTable<TaskSettings> = {
  taskAcksLate: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_ACKS_LATE'],
    doc: 'Acknowledge a message after its task ran (at least once), not before (at most once). Celery: false.',
  },
  taskAcksOnFailureOrTimeout: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_ACKS_ON_FAILURE_OR_TIMEOUT'],
    doc: 'With late acknowledgement: failed and timed out tasks are acknowledged too.',
  },
  taskAcksOnFailure: {
    type: optional(truth),
    default: undefined,
    status: 'effective',
    old: ['CELERY_ACKS_ON_FAILURE'],
    doc: 'The same for failed tasks only.',
  },
  taskAcksOnTimeout: {
    type: optional(truth),
    default: undefined,
    status: 'effective',
    old: ['CELERY_ACKS_ON_TIMEOUT'],
    doc: 'The same for timed out tasks only.',
  },
  taskAlwaysEager: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_ALWAYS_EAGER'],
    doc: 'Sending runs the task here and now, without a broker.',
  },
  taskAnnotations: {
    type: optional(taskAnnotations),
    default: undefined,
    status: 'effective',
    old: ['CELERY_ANNOTATIONS'],
    doc: 'Options that are put over those of tasks: by name or for all, by a function, or by several of these.',
  },
  taskCompression: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_MESSAGE_COMPRESSION'],
    doc: 'Compression of message bodies.',
  },
  taskCreateMissingQueues: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_CREATE_MISSING_QUEUES'],
    doc: 'Queues that are not in `taskQueues` are made up.',
  },
  taskCreateMissingQueueType: {
    type: oneOf('classic', 'quorum'),
    default: 'classic',
    status: 'effective',
    old: ['CELERY_CREATE_MISSING_QUEUE_TYPE'],
    doc: 'Type of queues that are made up.',
  },
  taskCreateMissingQueueExchangeType: {
    type: optional(oneOf(...exchangeTypes)),
    default: undefined,
    status: 'effective',
    old: ['CELERY_CREATE_MISSING_QUEUE_EXCHANGE_TYPE'],
    doc: 'Exchange type of queues that are made up.',
  },
  taskInheritParentPriority: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_INHERIT_PARENT_PRIORITY'],
    doc: 'Tasks sent by a task have its priority.',
  },
  taskInheritParentHeaders: {
    type: truthOrTextList,
    default: false,
    status: 'effective',
    old: [],
    doc: 'Tasks sent by a task have its own headers and stamps too: all of them, or those of these names. Celery has none of this.',
  },
  taskDefaultDeliveryMode: {
    type: deliveryMode,
    default: 2,
    status: 'effective',
    old: ['CELERY_DEFAULT_DELIVERY_MODE'],
    doc: '2 or persistent: messages survive a restart of the broker; 1 or transient: they do not.',
  },
  taskDefaultQueue: {
    type: text,
    default: 'celery',
    status: 'effective',
    old: ['CELERY_DEFAULT_QUEUE'],
    doc: 'Queue of tasks that are not routed elsewhere.',
  },
  taskDefaultQueueType: {
    type: oneOf('classic', 'quorum'),
    default: 'classic',
    status: 'effective',
    old: ['CELERY_DEFAULT_QUEUE_TYPE'],
    doc: 'Type of the default queue.',
  },
  taskDefaultExchange: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_DEFAULT_EXCHANGE'],
    doc: 'Exchange of the default queue; named like it when unset.',
  },
  taskDefaultExchangeType: {
    type: oneOf(...exchangeTypes),
    default: 'direct',
    status: 'effective',
    old: ['CELERY_DEFAULT_EXCHANGE_TYPE'],
    doc: 'Type of that exchange.',
  },
  taskDefaultRoutingKey: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_DEFAULT_ROUTING_KEY'],
    doc: 'Routing key of the default queue; its name when unset.',
  },
  taskDefaultRateLimit: {
    type: optional(rate),
    default: undefined,
    status: 'effective',
    old: ['CELERY_DEFAULT_RATE_LIMIT'],
    doc: "How often a task may run on one worker, such as '10/m'.",
  },
  taskDefaultPriority: {
    type: optional(integer(0, 255)),
    default: undefined,
    status: 'effective',
    old: ['CELERY_DEFAULT_PRIORITY'],
    doc: 'Priority of tasks that have none.',
  },
  taskEagerPropagates: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_EAGER_PROPAGATES_EXCEPTIONS'],
    doc: 'Errors of eager tasks are thrown to the caller.',
  },
  taskIgnoreResult: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_IGNORE_RESULT'],
    doc: 'Do not store results.',
  },
  taskStoreEagerResult: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_STORE_EAGER_RESULT'],
    doc: 'Store the results of eager tasks in the result backend, not in memory alone.',
  },
  taskProtocol: {
    type: oneOf(1, 2),
    default: 2,
    status: 'effective',
    old: ['CELERY_TASK_PROTOCOL'],
    doc: 'Message protocol of what is sent.',
  },
  taskPublishRetry: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_TASK_PUBLISH_RETRY'],
    doc: 'Publish again when the connection was lost.',
  },
  taskPublishRetryPolicy: {
    type: retryPolicy,
    default: defaultPublishRetryPolicy,
    status: 'effective',
    old: ['CELERY_TASK_PUBLISH_RETRY_POLICY'],
    doc: 'How often and after which waits.',
  },
  taskQueues: {
    type: optional(taskQueues),
    default: undefined,
    status: 'effective',
    old: ['CELERY_QUEUES'],
    doc: 'Queues to declare and consume, as `queue()` makes them or by name; in place of the default queue.',
  },
  taskQueueMaxPriority: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERY_QUEUE_MAX_PRIORITY'],
    doc: '`x-max-priority` of queues that do not say.',
  },
  taskRejectOnWorkerLost: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['CELERY_REJECT_ON_WORKER_LOST'],
    doc: 'With late acknowledgement: a task whose worker died is run again. Celery: false.',
  },
  taskMaxCrashes: {
    type: optional(integer(1)),
    default: 3,
    status: 'effective',
    old: [],
    doc: 'With late acknowledgement: a task that took its process down so often, running alone, is put into quarantine; null for never.',
  },
  taskQuarantineQueue: {
    type: quarantinePattern,
    default: '{queue}.dlq',
    status: 'effective',
    old: [],
    doc: 'Where it is put: `{queue}` is the queue that it was in.',
  },
  taskRemoteTracebacks: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_REMOTE_TRACEBACKS'],
    doc: 'Errors of remote tasks show the remote traceback.',
  },
  taskRoutes: {
    type: optional(taskRoutes),
    default: undefined,
    status: 'effective',
    old: ['CELERY_ROUTES'],
    doc: 'Where tasks go: by name or pattern, by a function, or by several of these.',
  },
  taskSendSentEvent: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_SEND_TASK_SENT_EVENT'],
    doc: 'Send an event for each task that is sent.',
  },
  taskSerializer: {
    type: text,
    default: 'json',
    status: 'effective',
    old: ['CELERY_TASK_SERIALIZER'],
    doc: 'Serializer of what is sent.',
  },
  taskSoftTimeLimit: {
    type: optional(duration),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_TASK_SOFT_TIME_LIMIT'],
    doc: 'Abort the signal of a task that runs longer.',
  },
  taskTimeLimit: {
    type: optional(duration),
    default: undefined,
    status: 'effective',
    old: ['CELERYD_TASK_TIME_LIMIT'],
    doc: 'End a task that runs longer.',
  },
  taskStoreErrorsEvenIfIgnored: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_STORE_ERRORS_EVEN_IF_IGNORED'],
    doc: 'Store errors even of tasks whose results are ignored.',
  },
  taskTrackStarted: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_TRACK_STARTED'],
    doc: 'Store STARTED when a task starts.',
  },
  taskChainInlineLinks: {
    type: optional(integer(1)),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'How many steps of a chain a message carries at most; the others wait in the key-value store of the app. Unset: all of them, as in Celery.',
  },
  taskAllowErrorCbOnChordHeader: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_ALLOW_ERROR_CB_ON_CHORD_HEADER'],
    doc: 'Errbacks of a chord are called for each member of its header that fails, too.',
  },
  taskMaxMessageSize: {
    type: integer(1),
    default: 64 * 1024 * 1024,
    status: 'effective',
    old: [],
    doc: 'Largest message body that is sent or decoded, in bytes, before and after decompression.',
  },
};
