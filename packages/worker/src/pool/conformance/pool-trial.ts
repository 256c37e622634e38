import {
  type Execution,
  type Outcome,
  runTask,
  TaskAbort,
  type TaskContext,
  type TaskMessage,
  type TaskOptions,
} from '@ctq/core';
import { createLogger, Deadline, type LogRecord, VirtualClock } from '@ctq/runtime';
import type { Pool, PoolContext, PoolFactory, TimeLimits } from '../pool.js';

const noLimits: TimeLimits = { softMs: undefined, hardMs: undefined };

export function poolContext(clock: VirtualClock, lines: LogRecord[] = []): PoolContext {
  return {
    size: 4,
    execute: (execution) => runTask(execution),
    clock,
    logger: createLogger((line) => void lines.push(line)),
    locator: undefined,
  };
}

/** A started pool on a virtual clock, and tasks for it. */
export class PoolTrial {
  readonly clock: VirtualClock = new VirtualClock();
  readonly lines: LogRecord[] = [];
  readonly pool: Pool;
  #tasks = 0;

  constructor(factory: PoolFactory) {
    this.pool = factory(poolContext(this.clock, this.lines));
  }

  static async started(factory: PoolFactory): Promise<PoolTrial> {
    const trial = new PoolTrial(factory);
    await trial.pool.start(new AbortController().signal);
    return trial;
  }

  execution(run: (ctx: TaskContext) => unknown, options: TaskOptions = {}): Execution {
    this.#tasks += 1;
    const task = `kit.task${this.#tasks}`;
    return {
      definition: { name: task, options: { ...options, bind: true }, params: undefined, schema: undefined, run },
      message: message(task, `id-${this.#tasks}`),
      deliveryInfo: undefined,
      properties: undefined,
      hostname: 'kit@host',
      isEager: false,
      abort: new TaskAbort(),
      clock: this.clock,
      logger: createLogger((line) => void this.lines.push(line)),
      updateState: () => Promise.resolve(),
      sendEvent: () => Promise.resolve(),
    };
  }

  run(run: (ctx: TaskContext) => unknown, limits: TimeLimits = noLimits): Promise<Outcome> {
    return this.pool.run(this.execution(run), limits);
  }

  stop(ms: number = Number.POSITIVE_INFINITY): Promise<void> {
    return this.pool.stop(Deadline.after(ms, this.clock));
  }
}

function message(task: string, id: string): TaskMessage {
  return {
    id,
    task,
    args: [],
    kwargs: {},
    lang: 'js',
    shadow: null,
    eta: null,
    expires: null,
    group: null,
    groupIndex: null,
    retries: 0,
    timeLimit: null,
    softTimeLimit: null,
    rootId: null,
    parentId: null,
    argsRepr: '()',
    kwargsRepr: '{}',
    origin: null,
    ignoreResult: null,
    replacedTaskNesting: 0,
    stampedHeaders: null,
    stamps: {},
    headers: {},
    callbacks: null,
    errbacks: null,
    chain: null,
    chord: null,
    replyTo: null,
  };
}
