import type { TaskRequest } from '../execute/task-request.js';
import type { Workplace } from '../execute/workplace.js';

/** What limits need of the worker around them. */
export interface LimitHost {
  readonly workplace: Workplace;
  /** Into the line of what can start. */
  readonly proceed: (request: TaskRequest) => void;
  /** A message is held on top of the prefetch window, or is not any more. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Messages can wait in the broker until they are due. */
  readonly parks: () => boolean;
  /** Into the broker until then, in milliseconds since the epoch. */
  readonly park: (request: TaskRequest, dueAt: number) => void;
  /** To its queue, as if it had not been delivered. */
  readonly giveBack: (request: TaskRequest) => void;
}
