import { isOf, type Outcome, saferepr, type TaskDefinition, type TaskMessage } from '@ctq/core';
import type { RevokedBy } from '../revoke/revocations.js';
import { type Logger, type LogLevel, logLevels, silentLogger } from '@ctq/runtime';

/** What its lines tell of a task. */
export interface LoggedTask {
  readonly name: string;
  readonly message: TaskMessage;
  readonly definition: TaskDefinition;
  /** `reprMaxSize`: characters of the result that are shown. */
  readonly policy: { readonly reprMaxSize: number };
}

/**
 * What a worker says about its tasks, in Celery's words (celery 5.6 app/trace.py, LOG_RECEIVED and following), so that people's log filters go on
 * working. Lines below the level are not even put together.
 */
export class TaskLog {
  readonly #logger: Logger;
  readonly #tellsInfo: boolean;
  readonly #tellsDebug: boolean;

  constructor(logger: Logger, level: LogLevel | undefined) {
    this.#logger = logger;
    this.#tellsInfo = wants(logger, level, 'info');
    this.#tellsDebug = wants(logger, level, 'debug');
  }

  received({ name, message }: LoggedTask, dueAt?: number): void {
    if (!this.#tellsInfo) return;
    const when = dueAt === undefined ? '' : `  ETA:[${message.eta}]`;
    this.#logger.info(
      { data: { ...callOf(name, message), eta: message.eta } },
      `Task ${name}[${message.id}] received${when}`,
    );
  }

  accepted({ name, message }: LoggedTask): void {
    if (this.#tellsDebug) this.#logger.debug(`Task accepted: ${name}[${message.id}]`);
  }

  discarded({ name, message }: LoggedTask, by?: RevokedBy): void {
    if (!this.#tellsInfo) return;
    this.#logger.info({ data: idOf(name, message) }, `Discarding revoked task: ${name}[${message.id}]${whyOf(by)}`);
  }

  /** In Celery's words (celery 5.6 app/trace.py, LOG_IGNORED). */
  skipped({ name, message }: LoggedTask): void {
    if (this.#tellsInfo)
      this.#logger.info(
        { data: idOf(name, message) },
        `Task ${name}[${message.id}] Task already completed successfully.`,
      );
  }

  ended(request: LoggedTask, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'success':
        if (this.#tellsInfo) this.#succeeded(request, outcome, secondsOf(outcome.runtimeMs));
        return;
      case 'failure':
        return this.#failed(request, outcome);
      case 'retry':
        if (this.#tellsInfo) this.#tell('info', request, `retry: ${outcome.retry.message}`);
        return;
      case 'ignore':
        if (this.#tellsInfo) this.#tell('info', request, 'ignored');
        return;
      case 'reject':
        return this.#tell(
          'warn',
          request,
          `reject requeue=${outcome.reject.requeue ? 'True' : 'False'}: ${outcome.reject.message}`,
        );
    }
  }

  /** Something that is not the task's fault, and that the worker could not put right. */
  internalError(request: LoggedTask, error: Error, consequence: string): void {
    const { name, message } = request;
    this.#logger.fatal(
      { err: error, data: idOf(name, message) },
      `Task ${name}[${message.id}] INTERNAL ERROR: ${reprOf(error)}; ${consequence}`,
    );
  }

  /** @param crashes Runs in which its process ended. */
  suspected({ name, message }: LoggedTask, crashes: number): void {
    this.#logger.warn(
      { data: { ...idOf(name, message), crashes } },
      `Task ${name}[${message.id}] was running ${crashes === 1 ? 'once' : `${crashes} times`} when its process ended; it runs again, alone`,
    );
  }

  notOurs({ name, message }: LoggedTask, consequence: string): void {
    this.#logger.warn(
      { data: idOf(name, message) },
      `Task ${name}[${message.id}] belongs to another worker by now; ${consequence}`,
    );
  }

  #succeeded(request: LoggedTask, { value, shown }: Outcome & { kind: 'success' }, runtime: number): void {
    const { name, message, policy } = request;
    const returned = shown ?? saferepr(value === undefined ? null : value, policy.reprMaxSize);
    this.#logger.info(
      { data: { ...callOf(name, message), runtime, return_value: returned } },
      `Task ${name}[${message.id}] succeeded in ${runtime}s: ${returned}`,
    );
  }

  #failed(request: LoggedTask, outcome: Outcome & { kind: 'failure' }): void {
    const { name, message, definition } = request;
    const { error } = outcome;
    const isExpected =
      outcome.isExpected ?? definition.options.throws?.some((errorClass) => isOf(error, errorClass)) ?? false;
    if (isExpected) {
      if (this.#tellsInfo) this.#tell('info', request, `raised expected: ${reprOf(error)}`);
      return;
    }
    this.#logger.error(
      { err: error, data: callOf(name, message) },
      `Task ${name}[${message.id}] raised unexpected: ${reprOf(error)}`,
    );
  }

  #tell(level: 'info' | 'warn', { name, message }: LoggedTask, what: string): void {
    this.#logger[level]({ data: idOf(name, message) }, `Task ${name}[${message.id}] ${what}`);
  }
}

/** To the nanosecond: the rest is noise of the arithmetic. */
function secondsOf(ms: number): number {
  return Number((ms / 1_000).toFixed(9));
}

function whyOf(by: RevokedBy | undefined): string {
  if (by === undefined || 'id' in by) return '';
  return 'root' in by ? ` (cancelled with ${by.root})` : ` (revoked by header: ${saferepr(by.header)})`;
}

function idOf(name: string, message: TaskMessage): { readonly id: string; readonly name: string } {
  return { id: message.id, name };
}

function callOf(name: string, message: TaskMessage): Readonly<Record<'id' | 'name' | 'args' | 'kwargs', string>> {
  return { ...idOf(name, message), args: message.argsRepr, kwargs: message.kwargsRepr };
}

/** As Python shows an exception: `ValueError('no such order')`. */
function reprOf(error: Error): string {
  return `${error.name}(${error.message === '' ? '' : saferepr(error.message)})`;
}

/** Whether lines of this level are of use to anybody; where the logger does not say, info is. */
function wants(logger: Logger, level: LogLevel | undefined, asked: LogLevel): boolean {
  if (logger === silentLogger) return false;
  if (level !== undefined) return logLevels.indexOf(asked) >= logLevels.indexOf(level);
  // pino has it.
  const { isLevelEnabled } = logger as { readonly isLevelEnabled?: (level: LogLevel) => boolean };
  return typeof isLevelEnabled === 'function' ? isLevelEnabled.call(logger, asked) : asked !== 'debug';
}
