import { type AppOptions, chain, group, type Task, type TaskMessage } from '@ctq/core';
import type { Message } from '@ctq/messaging';
import { WorkerScene } from './worker-scene.js';

/** What was put on a queue. */
export interface Sent {
  readonly task: string;
  readonly id: string;
  readonly message: Message;
}

/** A worker over memory and the tasks of Celery's own suite that replace themselves (t/integration/tasks.py); what ran, and what was sent. */
export class ReplacingScene extends WorkerScene {
  readonly sent: Sent[];
  /** Messages of the tasks that ran, in their order. */
  readonly ran: TaskMessage[];
  /** What the task `note` was given. */
  readonly seen: unknown[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(options: AppOptions = {}) {
    const sent: Sent[] = [];
    const ran: TaskMessage[] = [];
    super({
      ...options,
      interceptors: [
        {
          name: 'recorder',
          publish: async (call, next) => {
            sent.push({ task: call.task, id: call.id, message: call.message });
            await next(call);
          },
          execute: (execution, next) => {
            ran.push(execution.message);
            return next(execution);
          },
        },
      ],
    });
    this.sent = sent;
    this.ran = ran;
  }

  /** Numbers and texts, as in Python. */
  readonly add: Task<[x: unknown, y: unknown], unknown> = this.app.task(
    'add',
    (x: unknown, y: unknown): unknown => (x as number) + (y as number),
  );
  readonly same: Task<[value: unknown], unknown> = this.app.task('same', (value: unknown) => value);
  readonly sum: Task<[numbers: unknown], number> = this.app.task('sum', (numbers: unknown) =>
    (numbers as readonly number[]).reduce((total, number) => total + number, 0),
  );
  readonly fail: Task<[before?: unknown], unknown> = this.app.task('fail', (_before?: unknown): unknown => {
    throw new RangeError('expected');
  });
  readonly note: Task<[what: unknown], unknown> = this.app.task('note', (what: unknown) => {
    this.seen.push(what);
    for (const { count, resolve } of this.#waiting) if (this.seen.length >= count) resolve();
    return what;
  });
  readonly addReplaced: Task<[x: number, y: number], Promise<unknown>> = this.app.task(
    'addReplaced',
    { bind: true },
    (ctx, x: number, y: number) => ctx.replace(this.add.s(x, y)),
  );
  readonly failReplaced: Task<[], Promise<unknown>> = this.app.task('failReplaced', { bind: true }, (ctx) =>
    ctx.replace(this.fail.si()),
  );
  readonly addToAll: Task<[numbers: unknown, y: number], Promise<unknown[]>> = this.app.task(
    'addToAll',
    { bind: true },
    (ctx, numbers: unknown, y: number) => ctx.replace(group((numbers as number[]).map((x) => this.add.s(x, y)))),
  );
  /** Gives what it is given, by a chain that notes so when it is over. */
  readonly replacedByChain: Task<[value: unknown, noted?: string], Promise<unknown>> = this.app.task(
    'replacedByChain',
    { bind: true },
    (ctx, value: unknown, noted?: string) => {
      const steps = chain(this.same.s(value), this.same.s());
      return ctx.replace(noted === undefined ? steps : steps.link(this.note.si(noted)));
    },
  );
  readonly replacedByBrokenChain: Task<[value: unknown, noted: string], Promise<unknown>> = this.app.task(
    'replacedByBrokenChain',
    { bind: true },
    (ctx, value: unknown, noted: string) =>
      ctx.replace(chain(this.same.s(value), this.fail.s()).linkError(this.note.si(noted))),
  );

  /** Resolves when `note` was called so often. */
  async noted(count: number): Promise<void> {
    if (this.seen.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** Resolves when the queue is empty and nothing runs. */
  async idle(): Promise<void> {
    while (this.ran.length < this.sent.length) await new Promise((resolve) => setImmediate(resolve));
  }
}
