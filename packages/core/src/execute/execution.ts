import type { Message, MessageProperties } from '@ctq/messaging';
import type { Clock, Logger } from '@ctq/runtime';
import type { EventFields } from '../events/event-sender.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { TaskState } from '../result/states.js';
import type { DeliveryInfo } from '../task/task-context.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { ChordAddition } from './chord-additions.js';
import type { TaskAbort } from './task-abort.js';

/** What a function runs in; the same for a worker's pool, for eager calls and for direct ones. */
export interface Execution {
  readonly definition: TaskDefinition;
  readonly message: TaskMessage;
  /** The message as it came, for whoever passes it on to another thread or process. */
  readonly source: Message;
  readonly deliveryInfo: DeliveryInfo | undefined;
  /** Of the message, as its broker has them; undefined for an eager call. */
  readonly properties: MessageProperties | undefined;
  readonly hostname: string | undefined;
  readonly isEager: boolean;
  readonly abort: TaskAbort;
  readonly clock: Clock;
  readonly logger: Logger;
  updateState(message: TaskMessage, state: TaskState, meta: unknown): Promise<void>;
  sendEvent(type: string, fields: EventFields): Promise<void>;
  /** Sends what takes the place of the task, and throws `Ignore`; resolves with its result where that is there at once. */
  replace(signature: unknown): Promise<unknown>;
  /** Adds to the chord of the task. Resolves with the result of what was sent; where that is put off, with the signature to be sent. */
  addToChord(addition: ChordAddition): Promise<unknown>;
}
