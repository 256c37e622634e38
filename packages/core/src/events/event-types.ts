/**
 * Events as receivers get them, in the words and units of the wire: times are seconds since the epoch, as in Celery (celery 5.6 events/event.py; docs/userguide/monitoring.rst,
 * Event Reference). Programs of other versions leave fields out, so most may be absent; null is Python's None. What is there has the type that is said here.
 */
export interface ReceivedFields {
  readonly type: string;
  /** Who tells: the node name of a worker, `gen<pid>@<host>` of a client. */
  readonly hostname: string;
  /** When it happened; with `utcoffset` in the time of this host. */
  readonly timestamp: number;
  /** When it was received, by the clock of this host. */
  readonly local_received: number;
  /** The logical clock of whoever tells. Of `task-sent` this process's own. */
  readonly clock: number;
  readonly pid?: number | null;
  /** Whole hours west of Greenwich. */
  readonly utcoffset?: number | null;
}

/** Of one task. */
export interface TaskEventFields extends ReceivedFields {
  readonly uuid: string;
}

export interface TaskSentEvent extends TaskEventFields {
  readonly type: 'task-sent';
  readonly name?: string | null;
  /** Python's `repr`. */
  readonly args?: string | null;
  readonly kwargs?: string | null;
  readonly root_id?: string | null;
  readonly parent_id?: string | null;
  readonly retries?: number | null;
  /** ISO 8601. */
  readonly eta?: string | null;
  readonly expires?: string | null;
  readonly queue?: string | null;
  readonly exchange?: string | null;
  readonly routing_key?: string | null;
}

export interface TaskReceivedEvent extends TaskEventFields {
  readonly type: 'task-received';
  readonly name?: string | null;
  readonly args?: string | null;
  readonly kwargs?: string | null;
  readonly root_id?: string | null;
  readonly parent_id?: string | null;
  readonly retries?: number | null;
  readonly eta?: string | null;
  readonly expires?: string | null;
}

export interface TaskStartedEvent extends TaskEventFields {
  readonly type: 'task-started';
}

export interface TaskSucceededEvent extends TaskEventFields {
  readonly type: 'task-succeeded';
  /** Python's `repr`, cut. */
  readonly result?: string | null;
  /** In seconds. */
  readonly runtime?: number | null;
}

export interface TaskFailedEvent extends TaskEventFields {
  readonly type: 'task-failed';
  /** Python's `repr`. */
  readonly exception?: string | null;
  readonly traceback?: string | null;
}

export interface TaskRetriedEvent extends TaskEventFields {
  readonly type: 'task-retried';
  readonly exception?: string | null;
  readonly traceback?: string | null;
}

export interface TaskRevokedEvent extends TaskEventFields {
  readonly type: 'task-revoked';
  readonly terminated?: boolean | null;
  readonly signum?: number | null;
  readonly expired?: boolean | null;
}

export interface TaskRejectedEvent extends TaskEventFields {
  readonly type: 'task-rejected';
  readonly requeue?: boolean | null;
}

/** What a worker tells of itself, every few seconds. */
export interface WorkerStatusFields extends ReceivedFields {
  /** Seconds between heartbeats. */
  readonly freq?: number | null;
  /** Tasks that run. */
  readonly active?: number | null;
  /** Tasks that it has run. */
  readonly processed?: number | null;
  readonly loadavg?: readonly number[] | null;
  readonly sw_ident?: string | null;
  readonly sw_ver?: string | null;
  readonly sw_sys?: string | null;
}

export interface WorkerOnlineEvent extends WorkerStatusFields {
  readonly type: 'worker-online';
}

export interface WorkerHeartbeatEvent extends WorkerStatusFields {
  readonly type: 'worker-heartbeat';
}

export interface WorkerOfflineEvent extends WorkerStatusFields {
  readonly type: 'worker-offline';
}

/** What Celery's programs, and ctq's, send by themselves. Narrow it by `type`. */
export type KnownEvent =
  | TaskSentEvent
  | TaskReceivedEvent
  | TaskStartedEvent
  | TaskSucceededEvent
  | TaskFailedEvent
  | TaskRetriedEvent
  | TaskRevokedEvent
  | TaskRejectedEvent
  | WorkerOnlineEvent
  | WorkerHeartbeatEvent
  | WorkerOfflineEvent;

export type KnownEventType = KnownEvent['type'];

/** The event of a type. */
export type EventOf<Type extends KnownEventType> = Extract<KnownEvent, { readonly type: Type }>;

/** Of a program's own type, or one that this version does not know: its own fields are as they came. */
export interface OtherEvent {
  readonly type: string;
  readonly local_received: number;
  readonly [field: string]: unknown;
}

export type ReceivedEvent = KnownEvent | OtherEvent;
