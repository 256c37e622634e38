import { redisBackend } from '@ctq/backend-redis';
import { type AppOptions, Ctq } from '@ctq/core';
import { Deadline } from '@ctq/runtime';
import { redis } from '@ctq/transport-redis';
import { Worker } from '@ctq/worker';

export interface EndureOptions {
  /** The server itself, database 0. */
  readonly url: string;
  /** What the programs under test are told: the server, or something in front of it. */
  readonly through: string;
  readonly tasks: number;
  /** Over how long they are sent. */
  readonly seconds: number;
  readonly workers: number;
  readonly concurrency: number;
  /** Seconds after which what a lost connection held is given back. */
  readonly leaseSeconds: number;
  /** Makes trouble until the signal is aborted; that is when all tasks were sent. */
  readonly disturb: (signal: AbortSignal) => Promise<void>;
}

export interface EndureReport {
  /** Tasks whose publish was confirmed. Only these are promised anything. */
  readonly confirmed: number;
  /** Tasks whose publish was rejected. They may have been executed all the same. */
  readonly rejected: number;
  /** Confirmed tasks that were not executed. The promise is 0. */
  readonly lost: number;
  /** Confirmed tasks whose result was not theirs, or did not come. The promise is 0. */
  readonly wrong: number;
  /** Executions beyond one per task: at-least-once allows them. */
  readonly repeated: number;
  /** The longest that a task waited for one of the workers in the midst of the trouble, whose own duration is part of it. */
  readonly longestSilenceMs: number;
  /** How long it took, after the trouble, until the last of the workers had executed a task. The promise is 10 s. */
  readonly heardAfterMs: number;
  readonly seconds: number;
}

/** How long results, and workers that do not hear, are waited for when the trouble is over. */
const patienceMs = 60_000;

/** One sends while the others work and everything goes wrong; then it is counted what became of every task. */
export async function endure(options: EndureOptions): Promise<EndureReport> {
  const { url, through, tasks, seconds, disturb } = options;
  const startedAt = performance.now();
  const executions = new Map<number, number>();
  const workers = Array.from({ length: options.workers }, (_, index) => new Tried(index, options, executions));
  const sender = new Ctq('endure', at(through, options.leaseSeconds));
  const work = sender.task('work', (n: number) => n * 2);
  try {
    await Promise.all(workers.map((worker) => worker.start(url)));
    const trouble = new AbortController();
    const troubled = disturb(trouble.signal);
    const sending: Promise<void>[] = [];
    const outcomes: Promise<boolean>[] = [];
    const confirmed: number[] = [];
    const send = async (n: number): Promise<void> => {
      try {
        const result = await work.delay(n);
        confirmed.push(n);
        outcomes.push(
          result.get({ timeout: seconds + patienceMs / 1_000 }).then(
            (value) => value === n * 2,
            () => false,
          ),
        );
      } catch {
        // Rejected: not confirmed.
      }
    };
    const slices = Math.max(Math.round(seconds * 20), 1);
    for (let slice = 0; slice < slices; slice += 1) {
      const from = Math.floor((slice * tasks) / slices);
      const to = Math.floor(((slice + 1) * tasks) / slices);
      for (let n = from; n < to; n += 1) sending.push(send(n));
      await pause(50);
    }
    trouble.abort();
    await troubled;
    const overAt = performance.now();
    await Promise.all(workers.map((worker) => within(patienceMs, worker.hears())));
    const heardAfterMs = performance.now() - overAt;
    await Promise.all(sending);
    const right = await Promise.all(outcomes);
    const count = confirmed.reduce((sum, n) => sum + (executions.get(n) ?? 0), 0);
    const executed = confirmed.filter((n) => executions.has(n)).length;
    return {
      confirmed: confirmed.length,
      rejected: tasks - confirmed.length,
      lost: confirmed.length - executed,
      wrong: right.filter((isRight) => !isRight).length,
      repeated: count - executed,
      longestSilenceMs: Math.round(Math.max(...workers.map((worker) => worker.longestSilenceMs))),
      heardAfterMs: Math.round(heardAfterMs),
      seconds: (performance.now() - startedAt) / 1_000,
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await sender.close();
  }
}

/** A worker behind the trouble, and a canary that is sent to it past the trouble, again and again. */
class Tried {
  longestSilenceMs = 0;
  readonly #app: Ctq;
  readonly #worker: Worker;
  readonly #queue: string;
  readonly #sung = new Map<number, () => void>();
  readonly #stopping = new AbortController();
  #straight: Ctq | undefined;
  #watching: Promise<void> | undefined;
  #sent = 0;

  constructor(index: number, options: EndureOptions, executions: Map<number, number>) {
    this.#queue = `canary-${index}`;
    this.#app = new Ctq('endure', at(options.through, options.leaseSeconds));
    this.#app.task('work', (n: number) => {
      executions.set(n, (executions.get(n) ?? 0) + 1);
      return n * 2;
    });
    this.#app.task('canary', { ignoreResult: true }, (n: number) => {
      this.#sung.get(n)?.();
    });
    this.#worker = new Worker(this.#app, {
      concurrency: options.concurrency,
      hostname: `tried-${index}@%h`,
      queues: ['celery', this.#queue],
    });
  }

  async start(url: string): Promise<void> {
    this.#straight = new Ctq('straight', at(url, 30));
    await this.#worker.start();
    this.#watching = this.#watch(this.#stopping.signal);
  }

  /** Resolves when it has executed a task that was sent now. */
  async hears(): Promise<void> {
    this.#sent += 1;
    const n = this.#sent;
    const sung = new Promise<void>((resolve) => this.#sung.set(n, resolve));
    await this.#straight?.sendTask('canary', [n], {}, { queue: this.#queue });
    await sung;
    this.#sung.delete(n);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
    await this.#worker.stop(Deadline.after(5_000));
    await Promise.all([this.#app.close(), this.#straight?.close()]);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<false>((resolve) => signal.addEventListener('abort', () => resolve(false)));
    while (!signal.aborted) {
      const sentAt = performance.now();
      const heard = await Promise.race([this.hears().then(() => true), stopped]).catch(() => false);
      if (heard) this.longestSilenceMs = Math.max(this.longestSilenceMs, performance.now() - sentAt);
      await pause(100);
    }
  }
}

function at(url: string, leaseSeconds: number): AppOptions {
  const results = new URL(url);
  results.pathname = '/1';
  return {
    broker: redis({ url, leaseDuration: leaseSeconds }),
    backend: redisBackend({ url: results.href }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`A worker has not heard a task for ${ms} ms.`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
