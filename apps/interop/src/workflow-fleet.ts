import { createHash } from 'node:crypto';
import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
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
import { Deadline } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { deleteQueues } from './ctq-peer.js';
import { type Place, transportOf } from './places.js';
import { CeleryWorker } from './python/celery-worker.js';
import { pythonWithCelery } from './python/environment.js';

const queues = { typescript: 'typescript', python: 'python' } as const;

/** Where the Python tasks note what they run. */
const journal = 'workflows';

/** How long something is waited for that has to come. */
const patienceMs = 40_000;

export interface WorkflowDone {
  readonly run: string;
  readonly expected: Expectation;
  readonly outcome: Outcome;
}

/** A ctq worker and a Celery worker that run workflows together: the seed says which task is whose. */
export class WorkflowFleet {
  readonly #place: Place;
  readonly #app: Ctq;
  readonly #tasks: WorkflowTasks;
  readonly #worker: Worker;
  readonly #redis: Redis;
  readonly #reader: Redis;
  readonly #ran = new Map<string, Ran[]>();
  readonly #watchers = new Map<string, () => void>();
  #python: CeleryWorker | undefined;
  #reading: Promise<void> | undefined;

  constructor(place: Place, seed: number) {
    this.#place = place;
    this.#app = new Ctq('workflows', {
      broker: transportOf(place),
      backend: redisBackend({ url: place.backend }),
      taskDefaultQueue: queues.typescript,
    });
    const queueOf = (label: string, run: string): string => {
      // What is put in a task's place is made of a shape, which only ctq's tasks know how to read.
      if (label.startsWith('r')) return queues.typescript;
      const [byte = 0] = createHash('sha256').update(`${seed} ${run} ${label}`).digest();
      return byte % 2 === 0 ? queues.typescript : queues.python;
    };
    this.#tasks = new WorkflowTasks(this.#app, { note: (ran) => this.#note(ran), queueOf });
    this.#worker = new Worker(this.#app, { queues: [queues.typescript], concurrency: 8 });
    this.#redis = new Redis(place.backend, { lazyConnect: true });
    this.#reader = new Redis(place.backend, { lazyConnect: true });
  }

  async start(): Promise<void> {
    const python = await pythonWithCelery();
    await this.#redis.flushdb();
    if (this.#place.on === 'RabbitMQ') await deleteQueues(this.#place, Object.values(queues));
    await this.#worker.start();
    const site = { ...this.#place, settings: { imports: ['workflow_tasks'] } };
    this.#python = await CeleryWorker.start(python, site, [queues.python]);
    this.#reading = this.#read();
  }

  /** Sends a workflow; resolves when it has ended, and everything ran that had to. */
  async send(shape: Shape, run: string, given: string): Promise<WorkflowDone> {
    const expected = evaluate(shape, [given]);
    const result = await this.#tasks.build(shape, run).delay(given);
    const outcome = await outcomeOf(result.get({ timeout: patienceMs / 1_000 }));
    await this.#allOf(expected, run);
    return { run, expected, outcome };
  }

  ranOf(run: string): readonly Ran[] {
    return this.#ran.get(run) ?? [];
  }

  /** Resolves when both workers have done everything that they had begun. */
  async drain(): Promise<void> {
    await this.#python?.[Symbol.asyncDispose]();
    await this.#worker.stop();
    this.#reader.disconnect();
    await this.#reading;
    for (const line of await this.#redis.lrange(journal, 0, -1)) this.#note(JSON.parse(line) as Ran);
  }

  async stop(): Promise<void> {
    await this.#python?.[Symbol.asyncDispose]();
    await this.#worker.stop(Deadline.after(5_000));
    await this.#app.close();
    this.#reader.disconnect();
    this.#redis.disconnect();
  }

  async #read(): Promise<void> {
    for (;;) {
      // Rejects when it is disconnected.
      const found = await this.#reader.blpop(journal, 0).catch(() => null);
      if (found === null) return;
      this.#note(JSON.parse(found[1]) as Ran);
    }
  }

  #note(ran: Ran): void {
    const all = this.#ran.get(ran.run);
    if (all === undefined) this.#ran.set(ran.run, [ran]);
    else all.push(ran);
    this.#watchers.get(ran.run)?.();
  }

  /** Resolves when all of it ran; what does not come is for whoever compares. */
  async #allOf(expected: Expectation, run: string): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.#watchers.set(run, () => {
        if (missing(expected, this.ranOf(run)).length > 0) return;
        clearTimeout(timer);
        resolve();
      });
      this.#watchers.get(run)?.();
    });
    this.#watchers.delete(run);
  }
}
