import { Worker } from 'node:worker_threads';
import { LastLines } from './last-lines.js';
import type { SlotExit, StartSlotHost } from './slot-host.js';
import { type FromSlot, slotMark } from './slot-messages.js';

const entry = new URL('./slot-entry.js', import.meta.url);

/** A slot in a thread: takes less memory than a process, and shares the process with the others. */
export const startThreadHost: StartSlotHost = ({ onMessage, onLine }) => {
  const thread = new Worker(entry, { argv: [slotMark], stderr: true });
  const title = `thread ${thread.threadId}`;
  const last = new LastLines(thread.stderr, onLine);
  thread.on('message', (message: FromSlot) => onMessage(message));
  const exited = new Promise<SlotExit>((resolve) => {
    // What nobody caught in it; Node prints nothing of it.
    thread.once('error', (error: unknown) => {
      last.add(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    thread.once('exit', (exitCode) => {
      void last.ended.then(() => resolve({ exitCode, signal: null, lastLines: last.lines }));
    });
  });
  return {
    title,
    pid: process.pid,
    send: (messages) => thread.postMessage(messages),
    kill: () => void thread.terminate(),
    exited,
  };
};
