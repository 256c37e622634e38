import type {
  ConfiguredEvent,
  NodeEvent,
  WorkerEvent,
  WorkerProcessEvent,
  WorkerShuttingDownEvent,
} from './app-events.js';
import { AppSignal, type Signal, type SignalContext, type SignalEvent } from './signal.js';
import type {
  AfterPublishEvent,
  BadMessageEvent,
  BeforePublishEvent,
  RunEvent,
  TaskFailureEvent,
  TaskInternalErrorEvent,
  TaskPostrunEvent,
  TaskQuarantinedEvent,
  TaskReceivedEvent,
  TaskRetryEvent,
  TaskRevokedEvent,
  TaskSuccessEvent,
  TaskUnknownEvent,
} from './task-events.js';

/** What each signal tells, by its name. The moments are Celery's (celery 5.6 signals.py and where it sends them). */
export interface SignalEvents {
  /** In the program that sends a call, just before it is published. Receivers may change headers and properties. */
  readonly beforeTaskPublish: BeforePublishEvent;
  /** When the broker has taken it. */
  readonly afterTaskPublish: AfterPublishEvent;

  /** A worker has got a call that has not expired; it may have to wait. */
  readonly taskReceived: TaskReceivedEvent;
  /** Before the function, in the task. */
  readonly taskPrerun: RunEvent;
  /** When all is over: stored, followed and told. Of every run, however it ended. */
  readonly taskPostrun: TaskPostrunEvent;
  /** When the result is stored. */
  readonly taskSuccess: TaskSuccessEvent;
  /** When the next attempt was sent. */
  readonly taskRetry: TaskRetryEvent;
  /** When the failure is stored. */
  readonly taskFailure: TaskFailureEvent;
  /** Something beside the function went wrong: its outcome could not be stored or followed up. */
  readonly taskInternalError: TaskInternalErrorEvent;
  /** A call was discarded: revoked, or expired. */
  readonly taskRevoked: TaskRevokedEvent;
  /** A call took down, again and again, what it ran in; its message was put into quarantine. */
  readonly taskQuarantined: TaskQuarantinedEvent;
  /** A worker has got a call of a task that it does not have. */
  readonly taskUnknown: TaskUnknownEvent;
  /** A worker has got a message that is no call, or none that it can read. */
  readonly taskRejected: BadMessageEvent;

  /** Before task modules are imported; what a receiver throws here ends the start. */
  readonly importModules: SignalEvent;
  /** Before the settings are fixed: `configFromObject` is still possible. Receivers are synchronous. */
  readonly configuring: SignalEvent;
  /** When the settings are fixed. */
  readonly configured: ConfiguredEvent;

  /** A worker is made; settings for it can still be given. Receivers are synchronous. */
  readonly workerInit: SignalEvent;
  /** Its task modules are loaded, its queues known; it does not consume yet. */
  readonly workerAfterSetup: WorkerEvent;
  /** Where tasks will run, before the first one: in each thread and process of the pool, in the worker itself where they run in its event loop. */
  readonly workerProcessInit: WorkerProcessEvent;
  /** There, when no more tasks come. Not where it was ended by force. */
  readonly workerProcessShutdown: WorkerProcessEvent;
  /** It consumes. Once: not when it is connected again. */
  readonly workerReady: WorkerEvent;
  /** It was told to stop. */
  readonly workerShuttingDown: WorkerShuttingDownEvent;
  /** It has stopped. */
  readonly workerShutdown: WorkerEvent;
  /** A worker is about to send a heartbeat, its first and its last one too; its sender is the worker's node name. */
  readonly heartbeatSent: SignalEvent;
  /** A worker has heard of another one for the first time. */
  readonly nodeJoin: NodeEvent;
  /** A worker has heard that another one stops. */
  readonly nodeLeave: NodeEvent;
  /** A worker has not heard of another one for too long. */
  readonly nodeLost: NodeEvent;
}

/** The signals of an app, by name: `app.signals.taskFailure.connect(({ task, error }) => alarm(task, error))`. */
export type Signals = { readonly [Name in keyof SignalEvents]: Signal<SignalEvents[Name]> };

/** The same on the side on which they are sent. */
export type AppSignals = { readonly [Name in keyof SignalEvents]: AppSignal<SignalEvents[Name]> };

export function createSignals(context: SignalContext): AppSignals {
  const signal = <Name extends keyof SignalEvents>(name: Name): AppSignal<SignalEvents[Name]> =>
    new AppSignal(name, context);
  return {
    beforeTaskPublish: signal('beforeTaskPublish'),
    afterTaskPublish: signal('afterTaskPublish'),
    taskReceived: signal('taskReceived'),
    taskPrerun: signal('taskPrerun'),
    taskPostrun: signal('taskPostrun'),
    taskSuccess: signal('taskSuccess'),
    taskRetry: signal('taskRetry'),
    taskFailure: signal('taskFailure'),
    taskInternalError: signal('taskInternalError'),
    taskRevoked: signal('taskRevoked'),
    taskQuarantined: signal('taskQuarantined'),
    taskUnknown: signal('taskUnknown'),
    taskRejected: signal('taskRejected'),
    importModules: signal('importModules'),
    configuring: signal('configuring'),
    configured: signal('configured'),
    workerInit: signal('workerInit'),
    workerAfterSetup: signal('workerAfterSetup'),
    workerProcessInit: signal('workerProcessInit'),
    workerProcessShutdown: signal('workerProcessShutdown'),
    workerReady: signal('workerReady'),
    workerShuttingDown: signal('workerShuttingDown'),
    workerShutdown: signal('workerShutdown'),
    heartbeatSent: signal('heartbeatSent'),
    nodeJoin: signal('nodeJoin'),
    nodeLeave: signal('nodeLeave'),
    nodeLost: signal('nodeLost'),
  };
}
