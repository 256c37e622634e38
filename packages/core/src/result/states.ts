/** States of a task, Celery's words (celery 5.6 states.py). A program may add its own with `ctx.updateState`. */
export const taskStates = [
  'PENDING',
  'RECEIVED',
  'STARTED',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'REJECTED',
  'RETRY',
  'IGNORED',
] as const;

/** A built-in state, or any other string: custom states are allowed wherever a state is. */
export type TaskState = (typeof taskStates)[number] | (string & {});

/** Nothing follows them. */
export const readyStates: ReadonlySet<TaskState> = new Set<TaskState>(['SUCCESS', 'FAILURE', 'REVOKED']);
/** Their stored result is an error. */
export const exceptionStates: ReadonlySet<TaskState> = new Set<TaskState>(['RETRY', 'FAILURE', 'REVOKED']);
/** `get` throws their error. */
export const propagateStates: ReadonlySet<TaskState> = new Set<TaskState>(['FAILURE', 'REVOKED']);
export const unreadyStates: ReadonlySet<TaskState> = new Set<TaskState>([
  'PENDING',
  'RECEIVED',
  'STARTED',
  'REJECTED',
  'RETRY',
]);

/** High to low; null stands for every custom state (celery 5.6 states.py, PRECEDENCE). */
const precedence = [
  'SUCCESS',
  'FAILURE',
  null,
  'REVOKED',
  'STARTED',
  'RECEIVED',
  'REJECTED',
  'RETRY',
  'PENDING',
] as const;

/** 0 for the state that outranks all others. Used where events arrive out of order. */
export function statePrecedence(state: TaskState): number {
  const found = (precedence as readonly (string | null)[]).indexOf(state);
  return found === -1 ? precedence.indexOf(null) : found;
}
