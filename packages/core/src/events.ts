// The subpath `@ctq/core/events`: what monitors need, and programs that do not monitor do not load.
export { Camera, type CameraOptions, type Shutter } from './events/camera.js';
export type { EventHandler } from './events/event-handlers.js';
export { EventDump } from './events/event-dump.js';
export { isKnownEvent } from './events/event-fields.js';
export type { EventQueueOptions } from './events/event-queue.js';
export { type CaptureOptions, EventReceiver, type EventReceiverOptions } from './events/event-receiver.js';
export type {
  EventOf,
  KnownEvent,
  KnownEventType,
  OtherEvent,
  ReceivedEvent,
  ReceivedFields,
  TaskEventFields,
  TaskFailedEvent,
  TaskReceivedEvent,
  TaskRejectedEvent,
  TaskRetriedEvent,
  TaskRevokedEvent,
  TaskSentEvent,
  TaskStartedEvent,
  TaskSucceededEvent,
  WorkerHeartbeatEvent,
  WorkerOfflineEvent,
  WorkerOnlineEvent,
  WorkerStatusFields,
} from './events/event-types.js';
export type { ClusterSnapshot } from './events/state/cluster-snapshot.js';
export { ClusterState } from './events/state/cluster-state.js';
export type {
  ClearOptions,
  ClusterStateOptions,
  EventToTell,
  FreezeOptions,
  TaskQuery,
} from './events/state/cluster-state-options.js';
export type { TaskFields, TaskSnapshot } from './events/state/task-fields.js';
export type { TaskRecord } from './events/state/task-record.js';
export type { WorkerFields, WorkerRecord, WorkerSnapshot } from './events/state/worker-record.js';
