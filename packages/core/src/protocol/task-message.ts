import type { SerializedSignature } from '../canvas/serialized-signature.js';
import type { UniqueTicket } from '../unique/unique-ticket.js';

/**
 * A task message in one shape for both protocols: what the sender fills in and what the worker works with.
 */
export interface TaskMessage {
  readonly id: string;
  /** The registered name. */
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Language of the sender: `js` for ctq, `py` for Celery. */
  readonly lang: string;
  /** Display name in logs and events. */
  readonly shadow: string | null;
  /** ISO 8601, as on the wire (a value without offset is in the receiver's time zone). */
  readonly eta: string | null;
  readonly expires: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly retries: number;
  /** Hard limit in seconds. */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly argsRepr: string;
  readonly kwargsRepr: string;
  /** `gen<pid>@<host>` of the sending process. */
  readonly origin: string | null;
  /** null when the message does not say: the task's own option decides. */
  readonly ignoreResult: boolean | null;
  readonly replacedTaskNesting: number;
  readonly stampedHeaders: readonly string[] | null;
  readonly stamps: Readonly<Record<string, unknown>>;
  /** Headers that are not of the protocol: the caller's own. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly callbacks: readonly SerializedSignature[] | null;
  readonly errbacks: readonly SerializedSignature[] | null;
  /** The rest of the chain in reverse: the next task is the last element. */
  readonly chain: readonly SerializedSignature[] | null;
  readonly chord: SerializedSignature | null;
  readonly replyTo: string | null;
  /** Of a unique call: its key, and how it stands to it. */
  readonly unique?: UniqueTicket;
}
