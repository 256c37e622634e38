import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LastLines } from './last-lines.js';
import type { SlotExit, StartSlotHost } from './slot-host.js';
import { type FromSlot, slotMark } from './slot-messages.js';

const entry = fileURLToPath(new URL('./slot-entry.js', import.meta.url));

/** A slot in a child process (Celery's prefork). It prints on the worker's stdout, and ends when the worker does. */
export const startProcessHost: StartSlotHost = ({ onMessage, onLine }) => {
  const child = fork(entry, [slotMark], {
    // Structured clones: bytes and dates stay what they are.
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    // A debugger listens on one port.
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
  });
  const last = new LastLines(child.stderr, onLine);
  child.on('message', (message) => onMessage(message as FromSlot));
  const exited = new Promise<SlotExit>((resolve) => {
    child.once('error', (error) => {
      last.add(error.message);
      if (child.pid === undefined) resolve({ exitCode: null, signal: null, lastLines: last.lines });
    });
    child.once('exit', (exitCode, signal) => {
      void last.ended.then(() => resolve({ exitCode, signal, lastLines: last.lines }));
    });
  });
  return {
    title: `process ${child.pid ?? 'that could not be started'}`,
    send(message) {
      // Whether it arrives shows by the answer, or by the exit.
      if (child.connected) child.send(message, () => undefined);
    },
    kill: () => void child.kill('SIGKILL'),
    exited,
  };
};
