// The program of a slot, in a thread or in a child process. It is started by `thread-host.ts` and `process-host.ts`.
import { parentPort } from 'node:worker_threads';
import type { FromSlot, ToSlot } from './slot-messages.js';
import { watchParent } from './parent-watch.js';
import { SlotProgram } from './slot-program.js';

const program = new SlotProgram((message: FromSlot) => {
  if (parentPort === null) process.send?.(message);
  else parentPort.postMessage(message);
});

const onMessages = (messages: readonly ToSlot[]): void => {
  for (const message of messages) {
    if (message.kind === 'close') void program.close().finally(() => process.exit(0));
    else program.receive(message);
  }
};

if (parentPort === null) {
  watchParent();
  process.on('message', onMessages);
  // Nobody is left to run tasks for.
  process.on('disconnect', () => process.exit(1));
  // A Ctrl-C in a terminal reaches the whole group; the worker says when to leave.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
} else {
  parentPort.on('message', onMessages);
}
