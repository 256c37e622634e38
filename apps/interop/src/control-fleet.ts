import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { Deadline } from '@ctq/runtime';
import { Worker, type WorkerOptions } from '@ctq/worker';
import { deleteQueues } from './ctq-peer.js';
import { Gates } from './gates.js';
import { type Place, transportOf } from './places.js';
import { CeleryControl } from './python/celery-control.js';
import { CeleryWorker } from './python/celery-worker.js';
import { pythonWithCelery } from './python/environment.js';
import type { PythonSite } from './python/python-site.js';

/** The workers of the fleet, by the language that they are written in. */
export const nodes = { typescript: 'typescript@interop', python: 'python@interop' } as const;

/** What each of them consumes, under its own name. */
export const queues = { typescript: 'typescript', python: 'python' } as const;

/** A worker of each language that can be controlled, a control client of each, and everything they have in one place, which is emptied first. */
export class ControlFleet {
  readonly place: Place;
  readonly app: Ctq;
  readonly gates: Gates;
  readonly #options: WorkerOptions;
  #worker: Worker | undefined;
  #python: CeleryWorker | undefined;
  #control: CeleryControl | undefined;

  constructor(place: Place, options: WorkerOptions = {}) {
    this.place = place;
    this.#options = options;
    this.gates = new Gates(place.backend);
    this.app = new Ctq('interop', {
      broker: transportOf(place),
      backend: redisBackend({ url: place.backend }),
      taskDefaultQueue: queues.typescript,
    });
  }

  /** Celery's client. */
  get celery(): CeleryControl {
    if (this.#control === undefined) throw new Error('The fleet was not started.');
    return this.#control;
  }

  get worker(): Worker {
    if (this.#worker === undefined) throw new Error('The fleet was not started.');
    return this.#worker;
  }

  /** What Celery's worker said last. */
  get pythonLog(): string {
    return this.#python?.log ?? '';
  }

  get site(): PythonSite {
    return { ...this.place, settings: { worker_enable_remote_control: true } };
  }

  async start(): Promise<void> {
    const python = await pythonWithCelery();
    await this.gates.clear();
    if (this.place.on === 'RabbitMQ') await deleteQueues(this.place, Object.values(queues));
    this.#worker = new Worker(this.app, {
      hostname: nodes.typescript,
      queues: [queues.typescript],
      concurrency: 4,
      ...this.#options,
    });
    // The pool of threads loses events: several threads fill one buffer (celery 5.6 events/dispatcher.py).
    const more = ['-E', '-P', 'prefork'];
    this.#python = await CeleryWorker.start(python, this.site, [queues.python], { name: nodes.python, more });
    await this.#worker.start();
    this.#control = new CeleryControl(python, this.site);
  }

  async stop(): Promise<void> {
    await this.#control?.[Symbol.asyncDispose]();
    await this.#python?.[Symbol.asyncDispose]();
    await this.#worker?.stop(Deadline.after(5_000));
    await this.app.close();
    this.gates.close();
  }
}
