import { type AppOptions, Ctq } from '@ctq/core';
import {
  evaluate,
  type Expectation,
  missing,
  type Outcome,
  outcomeOf,
  type Ran,
  type Shape,
  WorkflowTasks,
} from '@ctq/random-workflows';
import { silentLogger } from '@ctq/runtime';
import { Worker } from '@ctq/worker';

export interface WorkflowSceneOptions extends Pick<AppOptions, 'broker' | 'backend'> {
  /** Where tasks go, where a broker is shared with others. */
  readonly queue?: string;
  /** Whether a message is put on its queue twice, as brokers may after a lost connection. */
  readonly isDoubled?: () => boolean;
  /** How long something is waited for that has to come, in seconds. */
  readonly patience: number;
}

/** A workflow that has ended, and all that was to run of it has run. */
interface Done {
  readonly run: string;
  readonly expected: Expectation;
  readonly outcome: Outcome;
}

/** An app with a worker in which workflows of every shape run, and what ran of them. */
export class WorkflowScene implements AsyncDisposable {
  readonly #app: Ctq;
  readonly #patience: number;
  readonly #worker: Worker;
  readonly #tasks: WorkflowTasks;
  readonly #ran = new Map<string, Ran[]>();
  readonly #watchers = new Map<string, () => void>();

  constructor({ broker, backend, queue = 'celery', isDoubled = () => false, patience }: WorkflowSceneOptions) {
    this.#patience = patience;
    this.#app = new Ctq('workflows', {
      ...(broker === undefined ? {} : { broker }),
      ...(backend === undefined ? {} : { backend }),
      taskDefaultQueue: queue,
      logger: silentLogger,
      interceptors: [
        {
          name: 'doubler',
          async publish(call, next) {
            await next(call);
            if (isDoubled()) await next(call);
          },
        },
      ],
    });
    this.#tasks = new WorkflowTasks(this.#app, { note: (ran) => this.#note(ran) });
    this.#worker = new Worker(this.#app, { concurrency: 8 });
  }

  async start(): Promise<void> {
    await this.#worker.start();
  }

  /** Sends a workflow; resolves when it has ended, and everything ran that had to. What it is given comes first in what it begins with. */
  async send(shape: Shape, run: string, given: string): Promise<Done> {
    const expected = evaluate(shape, [given]);
    const result = await this.#tasks.build(shape, run).delay(given);
    const outcome = await outcomeOf(result.get({ timeout: this.#patience }));
    await this.#allOf(expected, run);
    return { run, expected, outcome };
  }

  ranOf(run: string): readonly Ran[] {
    return this.#ran.get(run) ?? [];
  }

  /** Resolves when everything that waits or runs is done. */
  async drain(): Promise<void> {
    await this.#worker.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.stop();
    await this.#app.close();
  }

  #note(ran: Ran): void {
    const all = this.#ran.get(ran.run);
    if (all === undefined) this.#ran.set(ran.run, [ran]);
    else all.push(ran);
    this.#watchers.get(ran.run)?.();
  }

  /** Resolves when all of it ran; what does not come within the patience is for whoever compares. */
  async #allOf(expected: Expectation, run: string): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#patience * 1_000);
      const look = (): void => {
        if (missing(expected, this.ranOf(run)).length > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.#watchers.set(run, look);
      look();
    });
    this.#watchers.delete(run);
  }
}
