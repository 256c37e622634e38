import { setTimeout as sleep } from 'node:timers/promises';
import { clear } from '../site.js';
import type { WorkerProcess } from '../worker-process.js';
import type { Contender } from './contender.js';
import { sharedNow, type Work } from './work.js';
import type { Called, WorkQueue } from './work-queue.js';

/** How often the queue is looked at while a worker empties it. */
const lookMs = 5;
/** A drain that takes longer has got stuck. */
const drainLimitMs = 120_000;
/** Between the result of a call and the next one, so that the worker waits again. */
const pauseMs = 5;

export interface Drained {
  readonly seconds: number;
  /** Of the worker and its children. */
  readonly cpuSeconds: number;
}

/** One worker on a database of its own, and the client that gives it work. */
export class Session implements AsyncDisposable {
  readonly worker: WorkerProcess;
  readonly #queue: WorkQueue;

  private constructor(worker: WorkerProcess, queue: WorkQueue) {
    this.worker = worker;
    this.#queue = queue;
  }

  /** Resolves when the worker has run a task. Empties the database first. */
  static async open({ openQueue, startWorker }: Contender, url: string, concurrency: number): Promise<Session> {
    await clear(url);
    const queue = await openQueue(url);
    let worker: WorkerProcess | undefined;
    try {
      worker = await startWorker(url, concurrency);
      const session = new Session(worker, queue);
      await (await session.call('add', [1, 1])).result();
      return session;
    } catch (error) {
      await worker?.stop();
      await queue[Symbol.asyncDispose]();
      throw error;
    }
  }

  async call<Name extends keyof Work>(name: Name, args: Work[Name]): Promise<Called> {
    const called = await this.#queue.call(name, args);
    return { result: () => this.worker.unlessEnded(called.result()) };
  }

  /** From the moment in which the worker is given all of them until none waits or runs. */
  async drain<Name extends keyof Work>(name: Name, calls: readonly Work[Name][]): Promise<Drained> {
    await this.#queue.park(name, calls);
    const before = this.worker.usage();
    const startedAt = performance.now();
    await this.#queue.release();
    await this.worker.unlessEnded(this.#emptied(name));
    return {
      seconds: (performance.now() - startedAt) / 1_000,
      cpuSeconds: this.worker.usage().cpuSeconds - before.cpuSeconds,
    };
  }

  /** From before a call is sent until it runs, in ms, of so many calls, each to a worker that has nothing else to do. */
  async startsAfterMs(count: number): Promise<number[]> {
    const startsMs: number[] = [];
    while (startsMs.length < count) {
      const called = await this.call('stamp', [sharedNow()]);
      startsMs.push(await called.result());
      await sleep(pauseMs);
    }
    return startsMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.stop();
    await this.#queue[Symbol.asyncDispose]();
  }

  async #emptied(name: string): Promise<void> {
    const signal = AbortSignal.timeout(drainLimitMs);
    for (let left = await this.#queue.left(); left > 0; left = await this.#queue.left()) {
      if (signal.aborted) throw new Error(`After ${drainLimitMs / 1_000} s there were still ${left} calls of ${name}.`);
      await sleep(lookMs);
    }
  }
}
