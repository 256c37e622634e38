import { type AnySignature, chain, chord, type Ctq, group, type Signature, type TaskContext } from '@ctq/core';
import type { Ran } from './differences.js';
import { marked } from './marked.js';
import type { Chunked, Mapped, Shape } from './shape.js';

export interface WorkflowTasksOptions {
  /** Told of each execution, before it ends. */
  readonly note: (ran: Ran) => void;
  /** Where the task of a label in a workflow goes. By default where the app sends tasks. */
  readonly queueOf?: (label: string, run: string) => string;
}

/** Any part of a workflow. */
export type WorkflowPart = Signature<readonly unknown[], unknown>;

/** Workers of another language have them, too. */
const names = {
  step: 'workflow.step',
  fail: 'workflow.fail',
  adds: 'workflow.adds',
  replaced: 'workflow.replaced',
  item: 'workflow.item',
  errback: 'workflow.errback',
} as const;

/** The tasks of which workflows of every shape are made, in an app, and the signatures of shapes. */
export class WorkflowTasks {
  readonly #app: Ctq;
  readonly #queueOf: WorkflowTasksOptions['queueOf'];
  readonly #item: ReturnType<typeof itemTask>;

  constructor(app: Ctq, { note, queueOf }: WorkflowTasksOptions) {
    this.#app = app;
    this.#queueOf = queueOf;
    this.#item = itemTask(app, note);
    this.#define(note);
  }

  /** @param given what comes in front of the arguments of what it begins with */
  build(shape: Shape, run: string, given: readonly unknown[] = []): WorkflowPart {
    const isImmutable = 'isImmutable' in shape && shape.isImmutable === true;
    let part = this.#bare(shape, run, isImmutable ? [] : given);
    if (isImmutable) part = part.asImmutable();
    if (shape.callback !== undefined) part = part.link(this.#task('step', shape.callback, run));
    return shape.errback === undefined ? part : part.linkError(this.#task('errback', shape.errback, run));
  }

  #bare(shape: Shape, run: string, given: readonly unknown[]): WorkflowPart {
    const below = (part: Shape): WorkflowPart => this.build(part, run, given);
    switch (shape.kind) {
      case 'step': {
        const { label, own, retries = 0 } = shape;
        return this.#task('step', label, run, own === undefined ? given : [...given, own], { retries });
      }
      case 'fail':
        return this.#task('fail', shape.label, run, given, { retries: shape.retries ?? 0 });
      case 'adds':
        return this.#task('adds', shape.label, run, given, { added: shape.added });
      case 'replaced':
        return this.#task('replaced', shape.label, run, given, { by: shape.by });
      case 'map':
      case 'starmap':
      case 'chunks':
        return this.#items(shape, run);
      case 'chain':
        return anyPart(chain(shape.links.map((link, at) => (at === 0 ? below(link) : this.build(link, run)))));
      case 'group':
        return anyPart(group(shape.members.map(below)));
      case 'chord':
        return anyPart(chord(shape.header.map(below), this.build(shape.body, run)));
    }
  }

  #task(
    which: keyof typeof names,
    label: string,
    run: string,
    args: readonly unknown[] = [],
    more: Readonly<Record<string, unknown>> = {},
  ): WorkflowPart {
    return this.#app.signature(names[which], args, { run, label, ...more }, this.#routeOf(label, run));
  }

  #items(shape: Mapped | Chunked, run: string): WorkflowPart {
    const items = shape.items.map((label): [item: Item] => [[run, label]]);
    const part =
      shape.kind === 'chunks'
        ? this.#item.chunks(items, shape.size)
        : shape.kind === 'map'
          ? this.#item.map(items.flat())
          : this.#item.starmap(items);
    return anyPart(part.set(this.#routeOf(shape.items[0] ?? '', run)));
  }

  #routeOf(label: string, run: string): { readonly queue?: string } {
    const queue = this.#queueOf?.(label, run);
    return queue === undefined ? {} : { queue };
  }

  #define(note: WorkflowTasksOptions['note']): void {
    const app = this.#app;
    const run = (ctx: TaskContext, of: { run: string; label: string }, ...args: readonly unknown[]): string => {
      const { label } = of;
      const mark = marked(
        label,
        args.filter((argument) => argument !== undefined),
      );
      note({ run: of.run, label, id: ctx.request.id, mark });
      return mark;
    };
    const again = (ctx: TaskContext, retries: number): void => {
      if (ctx.request.retries < retries) ctx.retry({ countdown: 0, maxRetries: retries });
    };

    app.task(
      names.step,
      { bind: true, params: ['given', 'own', 'run', 'label', 'retries'] },
      (ctx, given: unknown, own: unknown, workflow: string, label: string, retries?: number) => {
        const mark = run(ctx, { run: workflow, label }, given, own);
        again(ctx, retries ?? 0);
        return mark;
      },
    );
    app.task(
      names.fail,
      { bind: true, params: ['given', 'run', 'label', 'retries'] },
      (ctx, given: unknown, workflow: string, label: string, retries?: number) => {
        run(ctx, { run: workflow, label }, given);
        again(ctx, retries ?? 0);
        throw new RangeError(`${label} failed`);
      },
    );
    app.task(
      names.adds,
      { bind: true, params: ['given', 'run', 'label', 'added'] },
      async (ctx, given: unknown, workflow: string, label: string, added: readonly string[]) => {
        const mark = run(ctx, { run: workflow, label }, given);
        if (ctx.request.chord !== null)
          for (const one of added) await ctx.addToChord(this.#task('step', one, workflow));
        return mark;
      },
    );
    app.task(
      names.replaced,
      { bind: true, params: ['given', 'run', 'label', 'by'] },
      (ctx, given: unknown, workflow: string, label: string, by: Shape) => {
        const mark = run(ctx, { run: workflow, label }, given);
        return ctx.replace(this.build(by, workflow, [mark]));
      },
    );
    app.task(
      names.errback,
      { bind: true, params: ['failedId', 'run', 'label'] },
      (ctx, failedId: string, workflow: string, label: string) => run(ctx, { run: workflow, label }, failedId),
    );
  }
}

/** A workflow and the label. */
type Item = readonly [run: string, label: string];

function itemTask(app: Ctq, note: WorkflowTasksOptions['note']) {
  return app.task(names.item, ([run, label]: Item) => {
    const mark = marked(label, []);
    note({ run, label, id: null, mark });
    return mark;
  });
}

/** What a part takes and gives is the shape's business. */
function anyPart(part: AnySignature): WorkflowPart {
  return part as WorkflowPart;
}
