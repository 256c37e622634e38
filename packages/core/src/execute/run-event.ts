import type { RunEvent } from '../signals/task-events.js';
import type { RunningTask } from './current-task.js';

/** What every signal about a run tells of it. */
export function runEvent({ context, execution: { message } }: RunningTask): RunEvent {
  const { task, id, args, kwargs } = message;
  return { sender: task, task, id, args, kwargs, context };
}
