import { type AnySignature, chain, chord, Ctq, group, type AppOptions } from '@ctq/core';
import { silentLogger } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { marked } from './evaluate.js';
import type { Shape } from './shape.js';

export interface WorkflowSceneOptions extends Pick<AppOptions, 'broker' | 'backend'> {
  /** Whether a message is put on its queue twice, as brokers may after a lost connection. */
  readonly isDoubled?: () => boolean;
}

/** An app with a worker in which workflows of every shape run, and what ran under which ids. */
export class WorkflowScene implements AsyncDisposable {
  readonly app: Ctq;
  /** By label, the ids of the tasks that ran and how often each did. */
  readonly #runs = new Map<string, Map<string, number>>();
  readonly #worker: Worker;
  readonly #build: (shape: Shape, run: string) => AnySignature;

  constructor({ broker, backend, isDoubled = () => false }: WorkflowSceneOptions) {
    this.app = new Ctq('workflows', {
      ...(broker === undefined ? {} : { broker }),
      ...(backend === undefined ? {} : { backend }),
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
    const ran = (label: string, id: string): void => {
      const ids = this.#runs.get(label) ?? new Map<string, number>();
      ids.set(id, (ids.get(id) ?? 0) + 1);
      this.#runs.set(label, ids);
    };
    const step = this.app.task('step', { bind: true }, ({ request }, given: unknown, run: string, label: string) => {
      ran(`${run} ${label}`, request.id);
      return marked(label, given);
    });
    const fail = this.app.task('fail', { bind: true }, ({ request }, _given: unknown, run: string, label: string) => {
      ran(`${run} ${label}`, request.id);
      throw new RangeError(`${label} failed`);
    });
    const build = (shape: Shape, run: string): AnySignature => {
      switch (shape.kind) {
        case 'step': {
          const signature = shape.isImmutable ? step.si('nothing', run, shape.label) : step.s(run, shape.label);
          const made: AnySignature = signature;
          return shape.link === undefined ? made : signature.link(step.s(run, shape.link) as never);
        }
        case 'fail':
          return fail.s(run, shape.label).linkError(step.s(run, shape.errback));
        case 'chain':
          return chain(...(shape.links.map((link) => build(link, run)) as never as [AnySignature])) as AnySignature;
        case 'group':
          return group(shape.members.map((member) => build(member, run))) as AnySignature;
        case 'chord': {
          const body = build(shape.body, run);
          const end = shape.errback === undefined ? body : body.linkError(step.s(run, shape.errback));
          return chord(
            shape.header.map((member) => build(member, run)),
            end as never,
          ) as AnySignature;
        }
      }
    };
    this.#build = build;
    this.#worker = new Worker(this.app, { concurrency: 8 });
  }

  async start(): Promise<void> {
    await this.#worker.start();
  }

  /** Sends a workflow; what it is given comes first in what it begins with. */
  async send(shape: Shape, run: string, given: unknown) {
    return await this.#build(shape, run).applyAsync([given] as never);
  }

  /** Labels that ran in a workflow, each with the ids under which it did and how often. */
  runsOf(run: string): ReadonlyMap<string, ReadonlyMap<string, number>> {
    const prefix = `${run} `;
    const own = [...this.#runs].filter(([label]) => label.startsWith(prefix));
    return new Map(own.map(([label, ids]) => [label.slice(prefix.length), ids]));
  }

  /** Resolves when everything that waits or runs is done. */
  async drain(): Promise<void> {
    await this.#worker.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.stop();
    await this.app.close();
  }
}
