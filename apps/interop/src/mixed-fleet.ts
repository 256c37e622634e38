import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import type { ResultBackend } from '@ctq/core/backend';
import { createPickleReader } from '@ctq/messaging/pickle';
import { Deadline } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { deleteQueues } from './ctq-peer.js';
import { Gates } from './gates.js';
import { type Place, transportOf } from './places.js';
import { CeleryClient } from './python/celery-client.js';
import { CeleryWorker } from './python/celery-worker.js';
import { pythonWithCelery } from './python/environment.js';
import type { TaskNode } from './workflows/workflow-node.js';

/** What each worker consumes. */
const queues = { typescript: 'typescript', python: 'python' } as const;

/**
 * An app with its worker in this process, and a worker and a client of Celery's, in one place, which is emptied first: tests that run at the same time have
 * places of their own.
 */
export class MixedFleet {
  readonly place: Place;
  readonly app: Ctq;
  readonly gates: Gates;
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #worker: Worker;
  #python: CeleryWorker | undefined;
  #client: CeleryClient | undefined;

  /**
   * @param settings of both sides, by Celery's names.
   * @param results where they are, in the words of both sides, if not in the place's Redis.
   */
  constructor(
    place: Place,
    settings: Readonly<Record<string, unknown>> = {},
    results?: { readonly python: string; readonly typescript: ResultBackend },
  ) {
    this.place = place;
    this.#settings = results === undefined ? settings : { ...settings, result_backend: results.python };
    this.gates = new Gates(place.backend);
    this.app = new Ctq('interop', {
      broker: transportOf(place),
      backend: results?.typescript ?? redisBackend({ url: place.backend }),
      taskDefaultQueue: queues.typescript,
      acceptContent: ['json', 'yaml', 'msgpack', 'pickle'],
      serializers: [createPickleReader()],
      ...settings,
    });
    // As the one of Python: its neighbours are not of interest, and looking for them may take a second.
    this.#worker = new Worker(this.app, { queues: [queues.typescript], concurrency: 4, mingle: false });
  }

  get client(): CeleryClient {
    if (this.#client === undefined) throw new Error('The fleet was not started.');
    return this.#client;
  }

  async start(): Promise<void> {
    const python = await pythonWithCelery();
    await this.gates.clear();
    if (this.place.on === 'RabbitMQ') await deleteQueues(this.place, Object.values(queues));
    await this.#worker.start();
    const site = { ...this.place, settings: this.#settings };
    this.#python = await CeleryWorker.start(python, site, [queues.python]);
    this.#client = new CeleryClient(python, site);
  }

  async stop(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
    await this.#python?.[Symbol.asyncDispose]();
    await this.#worker.stop(Deadline.after(5_000));
    await this.app.close();
    this.gates.close();
  }
}

/** A task of the Celery worker's, as its client is told of it. */
export function inPython(name: string, ...args: readonly unknown[]): TaskNode {
  return ['task', name, args, { queue: queues.python }];
}

/** A task of the ctq worker's. */
export function inTypescript(name: string, ...args: readonly unknown[]): TaskNode {
  return ['task', name, args, { queue: queues.typescript }];
}

/** Resolves when it is so; a test that it never becomes so for runs into its own time limit. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
