import { fork } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
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
  const disconnected = new Promise((resolve) => child.once('disconnect', resolve));
  const exited = new Promise<SlotExit>((resolve) => {
    child.on('error', (error) => {
      last.add(error.message);
      if (child.pid === undefined) resolve({ exitCode: null, signal: null, lastLines: last.lines });
    });
    child.once('exit', (exitCode, signal) => {
      // Its last message may be that its task has ended.
      const isRead = Promise.all([last.ended, disconnected]);
      void Promise.race([isRead, someTurns()]).then(() => {
        unref(child.stderr);
        resolve({ exitCode, signal, lastLines: last.lines });
      });
    });
  });
  return {
    title: `process ${child.pid ?? 'that could not be started'}`,
    pid: child.pid,
    send(messages) {
      // Whether it arrives shows by the answer, or by the exit.
      if (child.connected) child.send(messages, () => undefined);
    },
    kill: () => void child.kill('SIGKILL'),
    exited,
  };
};

/** All that it wrote itself is there within a turn. Who waited for the end of its stderr would wait for whatever it has started and left behind. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What others still write there is read, and keeps nobody from leaving. */
function unref(stderr: Readable | null): void {
  if (stderr instanceof Socket) stderr.unref();
}
