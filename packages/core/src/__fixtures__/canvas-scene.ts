import { Ctq } from '../app/ctq.js';
import type { TaskMessage } from '../protocol/task-message.js';
import { Ignore, Reject } from '../task/directives.js';
import type { Task } from '../task/task.js';

/** Where a task stood. */
interface Place {
  readonly rootId: string | null;
  readonly parentId: string | null;
}

/** An app that runs calls in place, through the serializer, along the worker's own path, and what ran in it. */
export class CanvasScene {
  /** Messages of the tasks that ran, in their order. */
  readonly ran: TaskMessage[] = [];
  /** What the task `note` was given. */
  readonly seen: unknown[] = [];
  readonly app: Ctq = new Ctq('canvas', {
    taskAlwaysEager: true,
    interceptors: [
      {
        name: 'recorder',
        execute: (execution, next) => {
          this.ran.push(execution.message);
          return next(execution);
        },
      },
    ],
  });
  readonly add: Task<[x: number, y: number], number> = this.app.task('add', (x: number, y: number) => x + y);
  readonly total: Task<[numbers: readonly number[]], number> = this.app.task('total', (numbers: readonly number[]) =>
    numbers.reduce((sum, n) => sum + n, 0),
  );
  readonly same: Task<[value: unknown], unknown> = this.app.task('same', (value: unknown) => value);
  readonly note: Task<[what: unknown], unknown> = this.app.task('note', (what: unknown) => {
    this.seen.push(what);
    return what;
  });
  readonly fail: Task<[message: string], number> = this.app.task('fail', (message: string): number => {
    throw new TypeError(message);
  });
  readonly ignore: Task<[], number> = this.app.task('ignore', (): number => {
    throw new Ignore();
  });
  readonly reject: Task<[], number> = this.app.task('reject', (): number => {
    throw new Reject();
  });
  readonly where: Task<[], Place> = this.app.task('where', { bind: true }, ({ request: { rootId, parentId } }) => ({
    rootId,
    parentId,
  }));
}
