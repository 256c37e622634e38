import { StringDecoder } from 'node:string_decoder';
import { currentTask } from '@ctq/core';
import type { Logger, LogLevel } from '@ctq/runtime';

type Stream = Pick<NodeJS.WriteStream, 'write'>;

/**
 * What tasks print becomes lines of the log, with the task's name and id where one prints (celery 5.6 utils/log.py, LoggingProxy). The logger
 * must not print through the same streams.
 */
export class RedirectedOutput {
  readonly #streams: readonly Stream[];
  readonly #logger: Logger;
  readonly #level: LogLevel;
  readonly #undo: (() => void)[] = [];

  constructor(streams: readonly Stream[], logger: Logger, level: LogLevel) {
    this.#streams = streams;
    this.#logger = logger;
    this.#level = level;
  }

  install(): void {
    for (const stream of this.#streams) this.#redirect(stream);
  }

  /** Idempotent. What was printed without an end of line goes out. */
  remove(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #redirect(stream: Stream): void {
    const own = Object.getOwnPropertyDescriptor(stream, 'write');
    const decoder = new StringDecoder('utf8');
    let begun = '';
    const tell = (text: string): void => {
      if (text.trim() === '') return;
      const request = currentTask()?.request;
      const fields = request === undefined ? {} : { taskName: request.task, taskId: request.id };
      this.#logger[this.#level](fields, text);
    };
    const write = (
      chunk: Uint8Array | string,
      encoding?: BufferEncoding | ((error?: Error | null) => void),
      done?: (error?: Error | null) => void,
    ): boolean => {
      const text = begun + (typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk)));
      // What is printed at once is one line of the log, however many ends of line are in it.
      const end = text.lastIndexOf('\n');
      begun = text.slice(end + 1);
      if (end !== -1) tell(text.slice(0, end));
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback !== undefined) process.nextTick(callback);
      return true;
    };
    Object.defineProperty(stream, 'write', { value: write, configurable: true, writable: true });
    this.#undo.push(() => {
      if (own === undefined) Reflect.deleteProperty(stream, 'write');
      else Object.defineProperty(stream, 'write', own);
      tell(begun);
      begun = '';
    });
  }
}
