import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ctq } from '@ctq/core';
import {
  differences,
  type Ended,
  evaluate,
  missing,
  outcomeOf,
  type Shape,
  shapes,
  WorkflowTasks,
} from '@ctq/random-workflows';
import { seededRandom } from '@ctq/test-services';
import fc from 'fast-check';
import type { Place, Store } from '../place.js';
import { Victim } from '../victim.js';
import type { Noted } from './tasks.js';
import { WorkflowJournal } from './workflow-journal.js';

export interface WorkflowOrdealOptions {
  readonly seed: number;
  /** Workflows; more of the same, where these have ended before all kills were made. */
  readonly count: number;
  /** How many of them are under way at the same time. */
  readonly atOnce: number;
  readonly kills: number;
  /** The pool of each worker, and how many tasks that runs at a time. */
  readonly workers: readonly (readonly [pool: string, concurrency: number])[];
  readonly onProgress?: (done: number, kills: number) => void;
}

export interface WorkflowOrdealReport {
  readonly store: Store;
  readonly kills: { readonly worker: number; readonly slot: number };
  readonly workflows: number;
  /** Those that come to a failure, as they have to. */
  readonly failing: number;
  /** Executions that had to be. */
  readonly executions: number;
  /** Executions beyond those, after a kill. */
  readonly repeated: number;
  /** In what workflows are not as Celery's rules say. The promise is that there is nothing. */
  readonly wrong: readonly string[];
  readonly seconds: number;
}

/** How long a workflow may take from its beginning, with all kills that fall into it. */
const patienceMs = 120_000;

/**
 * Runs workflows of any shape while workers, and slots of their pools, are killed at seeded moments: each as soon as so many tasks have noted that they run, in the process of the one that was
 * the last to do so, which is about to make its outcome known.
 */
export async function workflowOrdeal(options: WorkflowOrdealOptions, place: Place): Promise<WorkflowOrdealReport> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-workflows-'));
  const ordeal = new WorkflowOrdeal(options, place, new WorkflowJournal(join(folder, 'journal')));
  try {
    return await ordeal.run();
  } finally {
    await ordeal.end();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Done extends Omit<Ended, 'ran'> {
  readonly run: string;
  readonly shape: Shape;
}

class WorkflowOrdeal {
  readonly #options: WorkflowOrdealOptions;
  readonly #place: Place;
  readonly #journal: WorkflowJournal;
  readonly #app: Ctq;
  readonly #tasks: WorkflowTasks;
  readonly #victims: readonly Victim[];
  readonly #kills = { worker: 0, slot: 0 };
  #replaced: Promise<void> = Promise.resolve();
  #isOver = false;
  #done = 0;

  constructor(options: WorkflowOrdealOptions, place: Place, journal: WorkflowJournal) {
    this.#options = options;
    this.#place = place;
    this.#journal = journal;
    const { broker, backend, queue = 'celery' } = place;
    this.#app = new Ctq('workflows', { broker, backend, taskDefaultQueue: queue });
    this.#tasks = new WorkflowTasks(this.#app, { note: () => undefined });
    const env = {
      CTQ_BROKER_URL: broker,
      CTQ_RESULT_BACKEND: backend,
      CTQ_SOAK_QUEUE: queue,
      CTQ_SOAK_JOURNAL: journal.path,
    };
    this.#victims = options.workers.map(
      ([pool, concurrency], index) =>
        new Victim({ name: `workflows${index}`, pool, concurrency, env, tasks: 'workflows/tasks.js' }),
    );
  }

  async run(): Promise<WorkflowOrdealReport> {
    const { seed, count } = this.#options;
    const startedAt = performance.now();
    await Promise.all(this.#victims.map((victim) => victim.start()));
    const sample = fc.sample(shapes({ maxDepth: 4 }), { seed, numRuns: count });
    const killing = this.#killAtMoments(executionsOf(sample) / this.#options.kills);
    const done = await this.#runAll(sample);
    await killing;
    // What must not run would have run by now.
    await Promise.all(this.#victims.map((victim) => victim.end('SIGTERM')));
    this.#journal.refresh();
    const executions = executionsOf(done.map(({ shape }) => shape));
    return {
      store: this.#place.store,
      kills: this.#kills,
      workflows: done.length,
      failing: done.filter(({ outcome }) => outcome.kind === 'failure').length,
      executions,
      repeated: this.#journal.count - executions,
      wrong: done.flatMap((one, path) => this.#wrongIn(one, path)),
      seconds: (performance.now() - startedAt) / 1_000,
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#victims.map((victim) => victim.end('SIGKILL')));
    await this.#app.close();
    this.#journal.close();
  }

  #wrongIn({ run, shape, ...ended }: Done, path: number): readonly string[] {
    const found = differences({ ...ended, ran: this.#journal.ranOf(run) }, true);
    return found.map(
      (difference) => `${difference} (seed ${this.#options.seed}, path '${path}': ${JSON.stringify(shape)})`,
    );
  }

  /** In the order of the sample: as soon as one has ended the next begins, but none while a dead worker is replaced, so that the kills fall all over the sample. */
  async #runAll(sample: readonly Shape[]): Promise<readonly Done[]> {
    const done: Done[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < sample.length || !this.#isOver) {
        const index = next;
        next += 1;
        await this.#replaced;
        done[index] = await this.#runOne(sample[index % sample.length] as Shape, `w${index}`);
        this.#done += 1;
      }
    };
    await Promise.all(Array.from({ length: this.#options.atOnce }, lane));
    return done;
  }

  async #runOne(shape: Shape, run: string): Promise<Done> {
    const signal = AbortSignal.timeout(patienceMs);
    const expected = evaluate(shape, ['start']);
    const result = await this.#tasks.build(shape, run).delay('start');
    const outcome = await outcomeOf(result.get({ timeout: patienceMs / 1_000 }));
    this.#journal.refresh();
    const isAllThere = (): boolean => missing(expected, this.#journal.ranOf(run)).length === 0;
    // What does not come is for whoever compares.
    if (!isAllThere())
      await this.#journal.next((noted) => noted.run === run && isAllThere(), signal).catch(() => undefined);
    return { run, shape, expected, outcome };
  }

  /** @param slice how many executions there are for each kill */
  async #killAtMoments(slice: number): Promise<void> {
    const random = seededRandom(this.#options.seed);
    const { kills, workers, onProgress } = this.#options;
    const hasSlots = workers.some(([pool]) => pool === 'processes');
    for (let count = 0; count < kills; count += 1) {
      // One in three is of a slot, where there are slots that are processes.
      const isOfSlot = hasSlots && count % 3 === 2;
      const moment = this.#journal.count + random() * slice * 0.9;
      const hit = await this.#journal.next(
        (noted) =>
          this.#journal.count >= moment && (isOfSlot ? this.#isSlot(noted) : this.#victimOf(noted) !== undefined),
        AbortSignal.timeout(patienceMs),
      );
      this.#replaced = isOfSlot ? this.#killSlot(hit) : this.#killWorker(hit);
      await this.#replaced;
      onProgress?.(this.#done, count + 1);
    }
    this.#isOver = true;
  }

  async #killWorker(hit: Noted): Promise<void> {
    this.#kills.worker += 1;
    await this.#victimOf(hit)?.killAndReplace('SIGKILL');
  }

  #killSlot({ process: pid }: Noted): Promise<void> {
    this.#kills.slot += 1;
    process.kill(pid, 'SIGKILL');
    return Promise.resolve();
  }

  #victimOf(noted: Noted): Victim | undefined {
    return this.#victims.find((victim) => victim.owns(noted));
  }

  /** Its worker is another process. */
  #isSlot(noted: Noted): boolean {
    return this.#victims.some(({ pid }) => pid === noted.parent);
  }
}

function executionsOf(workflows: readonly Shape[]): number {
  return workflows
    .flatMap((shape) => [...evaluate(shape, ['start']).runs.values()])
    .reduce((sum, { tasks, attempts }) => sum + tasks * attempts, 0);
}
