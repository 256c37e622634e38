import type { Declarable, Message, PublishRetryPolicy, Route } from '@ctq/messaging';
import type { Crash } from '../quarantine/crash-records.js';
import type { Retry } from '../task/directives.js';
import type { DeliveryInfo, TaskContext } from '../task/task-context.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { SignalEvent } from './signal.js';

/** About a task; its sender is the task's name. */
export interface TaskEvent extends SignalEvent {
  /** The task's name. */
  readonly task: string;
  readonly id: string;
}

export interface BeforePublishEvent extends TaskEvent {
  /** Encoded already. */
  readonly body: Uint8Array;
  /** What receivers change or add is sent. An interceptor can change the rest, too. */
  readonly headers: Record<string, unknown>;
  readonly properties: { -readonly [K in keyof Message['properties']]: Message['properties'][K] };
  readonly route: Route;
  readonly declare: readonly Declarable[];
  readonly retryPolicy: PublishRetryPolicy | false;
}

export interface AfterPublishEvent extends TaskEvent {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Message['properties'];
  readonly route: Route;
}

/** What a worker has been asked to do. */
export interface RequestedEvent extends TaskEvent {
  readonly message: TaskMessage;
  readonly deliveryInfo: DeliveryInfo;
  /** Node name of the worker. */
  readonly hostname: string;
}

export interface TaskReceivedEvent extends RequestedEvent {
  /** When it may run, in milliseconds since the epoch; undefined for now. */
  readonly dueAt: number | undefined;
}

export interface TaskRevokedEvent extends RequestedEvent {
  /** It ran already, and was ended. */
  readonly terminated: boolean;
  /** What it was ended with. */
  readonly signum: NodeJS.Signals | null;
  readonly expired: boolean;
}

export interface TaskInternalErrorEvent extends RequestedEvent {
  readonly error: Error;
}

export interface TaskQuarantinedEvent extends RequestedEvent {
  readonly error: Error;
  /** The queue in which its message is now. */
  readonly queue: string;
  /** The runs in which it took its process down, the oldest first. */
  readonly crashes: readonly Crash[];
}

/** About a run of a task: where its function runs. */
export interface RunEvent extends TaskEvent {
  readonly context: TaskContext;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

export interface TaskPostrunEvent extends RunEvent {
  /** What was returned or thrown. */
  readonly value: unknown;
  readonly state: 'SUCCESS' | 'FAILURE' | 'RETRY' | 'IGNORED' | 'REJECTED';
}

export interface TaskSuccessEvent extends RunEvent {
  readonly value: unknown;
}

export interface TaskFailureEvent extends RunEvent {
  readonly error: Error;
}

export interface TaskRetryEvent extends RunEvent {
  readonly retry: Retry;
  /** What the attempt failed with, if anything. */
  readonly error: Error | undefined;
}

/** A message that no task comes of; its sender is the node name of the worker. */
export interface BadMessageEvent extends SignalEvent {
  readonly message: Message;
  readonly route: Route;
  readonly error: Error;
}

export interface TaskUnknownEvent extends BadMessageEvent {
  /** Name and id of the task that nobody here has. */
  readonly task: string;
  readonly id: string;
}
