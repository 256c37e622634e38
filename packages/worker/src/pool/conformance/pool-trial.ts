import {
  type Ctq,
  encodeTask,
  type Execution,
  executeIntercepted,
  type Outcome,
  TaskAbort,
  type TaskMessage,
} from '@ctq/core';
import { type Clock, createLogger, Deadline, type LogRecord, VirtualClock } from '@ctq/runtime';
import type { Pool, PoolContext, PoolFactory, TimeLimits } from '../pool.js';
import { app } from './kit-app.js';

const noLimits: TimeLimits = { softMs: undefined, hardMs: undefined };

export function poolContext(clock: Clock, onLine: (line: LogRecord) => void = () => undefined): PoolContext {
  return {
    size: 4,
    execute: (execution) => executeIntercepted(app.kernel, execution),
    clock,
    logger: createLogger(onLine),
    locator: { url: new URL('./kit-app.js', import.meta.url).href, export: 'app' },
    handOver: () => ({ settings: {} }),
    hostname: 'kit@host',
    store: app.kernel.results,
    fair: false,
    recycle: { maxTasks: Number.POSITIVE_INFINITY, maxMemoryKiB: Number.POSITIVE_INFINITY },
    startTimeoutMs: 60_000,
  };
}

/** A started pool on a virtual clock, and tasks for it. */
export class PoolTrial implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly lines: LogRecord[] = [];
  readonly pool: Pool;
  readonly #waiting: { readonly isIt: (line: LogRecord) => boolean; readonly resolve: (line: LogRecord) => void }[] =
    [];
  readonly #app: Ctq;
  #tasks = 0;

  private constructor(factory: PoolFactory, changes: Partial<PoolContext>, taskApp: Ctq) {
    this.#app = taskApp;
    const onLine = (line: LogRecord): void => this.#onLine(line);
    this.pool = factory({ ...poolContext(this.clock, onLine), ...changes });
  }

  /** @param taskApp whose tasks `execution` finds; the context has to fit. */
  static async started(
    factory: PoolFactory,
    changes: Partial<PoolContext> = {},
    taskApp: Ctq = app,
  ): Promise<PoolTrial> {
    const trial = new PoolTrial(factory, changes, taskApp);
    await trial.pool.start(new AbortController().signal);
    return trial;
  }

  /** Of a task of the kit's application, or of the one that was given. */
  execution(task: string): Execution {
    this.#tasks += 1;
    const { kernel } = this.#app;
    const definition = kernel.registry.get(task);
    const message = messageOf(task, `id-${this.#tasks}`, definition.options.ignoreResult);
    return {
      definition,
      message,
      source: encodeTask(message, { content: kernel.content, properties: {} }),
      deliveryInfo: undefined,
      properties: undefined,
      hostname: 'kit@host',
      isEager: false,
      abort: new TaskAbort(),
      clock: this.clock,
      logger: createLogger((line) => this.#onLine(line)),
      updateState: () => Promise.resolve(),
      sendEvent: () => Promise.resolve(),
      replace: () => Promise.reject(new Error('Nobody is there to replace it.')),
      addToChord: () => Promise.reject(new Error('Nobody is there to count it.')),
    };
  }

  run(task: string, limits: TimeLimits = noLimits): Promise<Outcome> {
    return this.pool.run(this.execution(task), limits);
  }

  /** Starts a task that says when it runs; resolves then. */
  async running(
    task: string,
    limits: TimeLimits = noLimits,
  ): Promise<{ execution: Execution; outcome: Promise<Outcome> }> {
    const execution = this.execution(task);
    const { id } = execution.message;
    const runs = this.line(({ message, fields }) => message === 'runs' && fields['taskId'] === id);
    const outcome = this.pool.run(execution, limits);
    await runs;
    return { execution, outcome };
  }

  /** Resolves with the first line, past or future, that is it. */
  async line(isIt: (line: LogRecord) => boolean): Promise<LogRecord> {
    const found = this.lines.find(isIt);
    return found ?? (await new Promise((resolve) => this.#waiting.push({ isIt, resolve })));
  }

  stop(ms: number = Number.POSITIVE_INFINITY): Promise<void> {
    return this.pool.stop(Deadline.after(ms, this.clock));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
  }

  #onLine(line: LogRecord): void {
    this.lines.push(line);
    for (const waiting of [...this.#waiting]) {
      if (!waiting.isIt(line)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(line);
    }
  }
}

function messageOf(task: string, id: string, ignoreResult = false): TaskMessage {
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
    ignoreResult,
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
