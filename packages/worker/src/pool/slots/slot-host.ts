import type { FromSlot, ToSlot } from './slot-messages.js';

/** How a thread or a process ended. */
export interface SlotExit {
  readonly exitCode: number | null;
  /** What killed a process. */
  readonly signal: NodeJS.Signals | null;
  /** The last lines that it printed on stderr. */
  readonly lastLines: readonly string[];
}

/** The thread or the process in which a slot is. */
export interface SlotHost {
  /** For logs and errors: `process 4711`, `thread 3`. */
  readonly title: string;
  /** Of the process that it is, or is in; undefined when there is none. */
  readonly pid?: number | undefined;
  /** In this order. What is sent to one that has ended is lost. @throws Error for what no message between threads or processes can hold. */
  send(messages: readonly ToSlot[]): void;
  /** Ends it now, whatever it does. */
  kill(): void;
  /** Resolves when nothing of it runs any more. */
  readonly exited: Promise<SlotExit>;
}

export interface SlotHostOptions {
  readonly onMessage: (message: FromSlot) => void;
  /** A line that it printed on stderr. */
  readonly onLine: (line: string) => void;
}

export type StartSlotHost = (options: SlotHostOptions) => SlotHost;

/** How it ended, in words. */
export function exitText({ exitCode, signal, lastLines }: SlotExit): string {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  return lastLines.length === 0 ? how : `${how}; its last lines were:\n${lastLines.join('\n')}`;
}
