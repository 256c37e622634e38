import type { Connection, ContentCodec, LamportClock, MailboxLayout } from '@ctq/messaging';
import type { Clock, Logger } from '@ctq/runtime';
import type { ChordRole } from '../backend/result-backend.js';
import type { Settings } from '../config/settings.js';
import type { CommandRegistry } from '../control/command-registry.js';
import type { Control } from '../control/control.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import type { EventSender } from '../events/event-sender.js';
import type { Interceptor } from '../interceptor/interceptor.js';
import type { CrashRecords } from '../quarantine/crash-records.js';
import type { QuarantineDesk } from '../quarantine/quarantine.js';
import type { ResultStore } from '../result/result-store.js';
import type { SharedRevocations } from '../revoke/shared-revocations.js';
import type { QueueTable } from '../routing/queue-table.js';
import type { Router } from '../routing/router.js';
import type { AppSignals } from '../signals/signals.js';
import type { TaskSender } from '../sending/task-sender.js';
import type { TaskRegistry } from '../task/task-registry.js';
import type { UniqueCalls } from '../unique/unique-calls.js';

/**
 * What the parts of an app know of each other. Tasks, signatures, results and the worker are given this, never the `Ctq` object, and there is no
 * current app: two apps in one process do not notice each other.
 */
export interface Kernel {
  readonly name: string;
  /** Resolved at first use and fixed from then on. */
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly content: ContentCodec;
  /** For events that are received: JSON and the serializer of the settings, whatever tasks may be sent in. */
  readonly eventContent: ContentCodec;
  readonly registry: TaskRegistry;
  readonly interceptors: readonly Interceptor[];
  readonly signals: AppSignals;
  readonly sender: TaskSender;
  readonly events: EventSender;
  /** Of everything that happens in this process and others may hear of: events and control messages. */
  readonly logicalClock: LamportClock;
  /** Commands that the program has added to those of every worker. */
  readonly commands: CommandRegistry;
  /** Commands to workers. */
  readonly control: Control;
  /** How the control messages of the app travel. */
  readonly mailboxLayout: MailboxLayout;
  /** The connection over which the app sends; it stays the app's. */
  publishing(): Promise<Connection>;
  readonly results: ResultStore;
  /** The opened store over which processes coordinate. @throws ConfigurationError when the app has none. */
  store(): Promise<AtomicStore>;
  /** Who joins chords. @throws NoChordSupportError when nobody can. */
  chords(): Promise<ChordRole>;
  /** Which unique calls there are. */
  readonly unique: UniqueCalls;
  /** Which runs ended with their process. */
  readonly crashes: CrashRecords;
  /** What was revoked, for all processes of the app. */
  readonly revocations: SharedRevocations;
  /** Where messages of a queue are put that are not to be run any more. */
  quarantine(queue: string): QuarantineDesk;
  readonly queues: QueueTable;
  readonly router: Router;
}
