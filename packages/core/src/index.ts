export type { AppOptions } from './app/app-kernel.js';
export type { AppOverrides } from './app/overrides.js';
export type { AppConnectionChange, BrokerOption } from './app/app-broker.js';
export type { ConnectionPurpose } from './app/connection-purpose.js';
export type { AppLocator } from './app/app-locator.js';
export { type ConfigFromModuleOptions, type ConfigFromObjectOptions, Ctq, type SettingsModule } from './app/ctq.js';
export type { CreateBackend, CreateStore, CreateTransport, SchemeRegistration } from './app/adapter-schemes.js';
export { importCycleAdvice } from './app/import-cycle.js';
export type { HandedOver } from './app/hand-over.js';
export type {
  AddConsumerOptions,
  Control,
  ControlOptions,
  PoolRestartOptions,
  Replied,
  TerminateOptions,
} from './control/control.js';
export type { AskOptions, ControlTarget, NodeTimeouts } from './control/control-channel.js';
export type { Inspect, ObjectGraphOptions } from './control/inspect.js';
export { type CommandError, isCommandError, type NodeReplies } from './control/node-replies.js';
export type { PurgeOptions } from './control/purge-queues.js';
export type { ActiveExchange, ActiveQueue } from './control/replies/active-queue.js';
export type { MingleReply } from './control/replies/mingle-reply.js';
export type { FoundTask, ScheduledTask, TaskInfo } from './control/replies/task-info.js';
export type { AutoscalerStats, BrokerStats, PoolStats, WorkerStats } from './control/replies/worker-stats.js';
export type {
  AnyRemoteCommand,
  CommandArguments,
  CommandArgumentTypes,
  CommandedCall,
  CommandedWorker,
  CommandHandler,
  CommandKind,
  CommandOptions,
  GivenArguments,
  RemoteCommand,
  TimeLimitChange,
} from './control/remote-command.js';
export { builtinCommandNames } from './control/builtin-command-names.js';
export { errorRepr } from './protocol/error-repr.js';
export { maskUrl } from './app/mask-url.js';
export type { Kernel } from './app/kernel.js';
export { chain, type CheckedLinks, type LinkMismatch } from './canvas/chain.js';
export { chord } from './canvas/chord.js';
export type { ChordOptions, MemberError, MemberOutcome, OnMemberError } from './canvas/chord-join.js';
export { group, type ResultsOf } from './canvas/group.js';
export type { Drawable } from './drawing/drawing.js';
export { censor } from './config/censor.js';
export type { Conf, ConfMethods, ShowSettingsOptions } from './config/conf.js';
export type { OldName } from './config/configuration.js';
export { parseSettings, type ParseSettingsOptions } from './config/resolve-settings.js';
export type { Setting, SettingStatus, SettingType } from './config/setting.js';
export type { Settings, SettingsGiven, SettingsInput } from './config/settings.js';
export { camelCase, snakeCase } from './config/setting-names.js';
export { type SettingName, settingsTable } from './config/settings-table.js';
export { skew, type SkewOptions } from './canvas/skew.js';
export type { SerializedSignature } from './canvas/serialized-signature.js';
export type { SignatureGraph, SignatureGraphEdge, SignatureGraphNode } from './canvas/signature-graph.js';
export type { NodeOptions } from './canvas/signature-node.js';
export {
  type AddedStamps,
  type OptionsBesideStamps,
  type StampingContext,
  type StampingVisitor,
  type StampOptions,
  type Stamps,
  stampsAndOptions,
  type StampsAndOptions,
  type VisitedSignature,
} from './canvas/stamping-visitor.js';
export type {
  AnySignature,
  ArgsOf,
  Complete,
  OptionsOf,
  ResultOf,
  Signature,
  Takes,
  TakesResult,
  Typed,
} from './canvas/signature.js';
export {
  completeAgain,
  completeRevoked,
  completeTask,
  type Completion,
  isStored,
  isValueUsed,
  storeProgress,
} from './execute/complete-task.js';
export { abortedState } from './result/abort-task.js';
export { TaskAbortedError } from './errors/abort-error.js';
export { SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError } from './errors/limit-errors.js';
export { mayRecover } from './errors/may-recover.js';
export { TaskQuarantinedError } from './errors/quarantine-errors.js';
export { RemoteError, type RemoteErrorOptions } from './errors/remote-error.js';
export {
  BackendConnectionError,
  BackendError,
  BackendReadError,
  BackendStoreError,
  IncompleteStreamError,
  NoGroupSupportError,
  NoResultBackendError,
  ResultError,
  ResultTimeoutError,
  ResultTooLargeError,
  SyncSubtaskError,
} from './errors/result-errors.js';
export {
  ChordError,
  DuplicateTaskError,
  InvalidTaskMessageError,
  MaxRetriesExceededError,
  NoChordSupportError,
  type RevokedReason,
  TaskError,
  TaskNotRegisteredError,
  TaskRevokedError,
  UnknownMessageError,
} from './errors/task-errors.js';
export { eventExchange } from './events/event.js';
export { EventDispatcher, type EventDispatcherOptions } from './events/event-dispatcher.js';
export { EventTemplate, type EventValue } from './events/event-template.js';
export type { EventFields, SendEventOptions } from './events/event-sender.js';
export { limitName, limitRules, type LimitRules } from './limits/limit-rules.js';
export type { LimitOptions } from './limits/limit-options.js';
export type { LimitAnswer, LimitAsk } from './limits/limit-state.js';
export { type RateLimit, runsPerSecond } from './limits/rate-limit.js';
export { SharedLimit, type LimitTaken, type SharedLimitOptions } from './limits/shared-limit.js';
export { OutboxClosedError, OutboxFlushError, type UnsentCall } from './errors/outbox-errors.js';
export { LostChainError, NotInChordError } from './errors/canvas-errors.js';
export { UniqueConflictError } from './errors/unique-errors.js';
export { executeIntercepted } from './execute/execute-intercepted.js';
export type { FailureReason, Outcome } from './execute/outcome.js';
export { allowJoinResult, currentTask } from './execute/current-task.js';
export type { Execution } from './execute/execution.js';
export { addToChord } from './execute/add-to-chord.js';
export type { ChordAddition, ChordAdditions } from './execute/chord-additions.js';
export { replaceTask, type Replaceable } from './execute/replacement.js';
export { runTask } from './execute/run-task.js';
export { TaskAbort } from './execute/task-abort.js';
export { tellOutcome, wantsToBeTold } from './execute/tell-outcome.js';
export { type Interceptor, type PublishCall } from './interceptor/interceptor.js';
export type { HeldCall, Outbox, TransactionScope } from './outbox/outbox.js';
export type { Crash, CrashRecord, FoundRecord, MarkedRun } from './quarantine/crash-records.js';
export type { Quarantine, QuarantineChoice, QuarantinedMessage } from './quarantine/quarantine.js';
export type { QuarantineEvent, QuarantineReason } from './quarantine/quarantine-note.js';
export {
  type Revocation,
  type RevokeOptions,
  revocationsOf,
  type StampedHeaders,
  stampRevocationsOf,
} from './revoke/revocation.js';
export { argsRepr, kwargsRepr, saferepr } from './protocol/args-repr.js';
export { decodeTask } from './protocol/decode-task.js';
export { encodeTask, type EncodeTaskOptions } from './protocol/encode-task.js';
export type { TaskMessage } from './protocol/task-message.js';
export { formatWireTime, parseWireTime } from './protocol/wire-time.js';
export { type RebuildOptions, rebuildError, storedError } from './result/stored-error.js';
export { createResultCodec } from './result/result-codec.js';
export type { ResultStore } from './result/result-store.js';
export type {
  AnyResult,
  AsyncResult,
  GetOptions,
  GroupResult,
  JoinOptions,
  OrErrors,
  ResultCollection,
  ResultGraph,
  ResultHandle,
  ResultSet,
  StateChange,
  TreeChange,
  TreeCounts,
  TreeOptions,
  WaitForOptions,
  WatchOptions,
  WorkflowHandle,
} from './result/result-handle.js';
export type {
  ExtendedResult,
  NestedError,
  OwnError,
  RecordToStore,
  ResultCodec,
  ResultRecord,
  ResultTuple,
  StoredError,
} from './result/result-record.js';
export {
  exceptionStates,
  propagateStates,
  readyStates,
  statePrecedence,
  taskStates,
  type TaskState,
  unreadyStates,
} from './result/states.js';
export type {
  AnnotationFunction,
  AnnotationTable,
  TaskAnnotation,
  TaskAnnotations,
} from './config/annotation-setting.js';
export type { QueueDescription, TaskQueues } from './config/queue-setting.js';
export type {
  RouteFunction,
  RouteOptions,
  RoutePair,
  RouteTable,
  TaskRoute,
  TaskRouter,
  TaskRoutes,
} from './config/route-setting.js';
export type { QueueTable } from './routing/queue-table.js';
export { workerDirect } from './routing/worker-direct.js';
export type { CallOptions, Linkable, Placement } from './sending/call-options.js';
export { type BulkCall, EnqueueManyError, type EnqueueManyOptions, type OnBatch } from './sending/enqueue-many.js';
export type { ConnectOptions, Receiver, Signal, SignalEvent } from './signals/signal.js';
export type { AppSignals, SignalEvents, Signals } from './signals/signals.js';
export type {
  ConfiguredEvent,
  NodeEvent,
  SignalledWorker,
  WorkerEvent,
  WorkerProcessEvent,
  WorkerShuttingDownEvent,
} from './signals/app-events.js';
export type {
  AfterPublishEvent,
  BadMessageEvent,
  BeforePublishEvent,
  RequestedEvent,
  RunEvent,
  TaskEvent,
  TaskFailureEvent,
  TaskInternalErrorEvent,
  TaskPostrunEvent,
  TaskQuarantinedEvent,
  TaskReceivedEvent,
  TaskRetryEvent,
  TaskRevokedEvent,
  TaskSuccessEvent,
  TaskUnknownEvent,
} from './signals/task-events.js';
export { Ignore, Reject, Retry, TaskDirective } from './task/directives.js';
export type { DefineTask } from './task/define-task.js';
export type { AnyTask, RemoteTask, Task } from './task/task.js';
export type {
  AddToChord,
  DeliveryInfo,
  RetryOptions,
  RetryTask,
  TaskContext,
  TaskRequest,
} from './task/task-context.js';
export { isOf } from './task/retry-policy.js';
export type { TaskDefinition } from './task/task-definition.js';
export type { ErrorClass, ParamNames, SchemaOption, TaskOptions } from './task/task-options.js';
export type { TaskRegistry } from './task/task-registry.js';
export type { Wire, WireScalar } from './task/wire.js';
export { stateAfter } from './unique/state-after.js';
export type { BeginOptions, UniqueBeginning, UniqueCalls } from './unique/unique-calls.js';
export type {
  OnConflict,
  UniqueCallOptions,
  UniqueConflict,
  UniqueKey,
  UniqueOptions,
  UniqueState,
} from './unique/unique-options.js';
export type { UniqueTicket } from './unique/unique-ticket.js';
