// The keeper thread's program. It is started by `keeper-thread.ts` and shares nothing with the main loop but a piece of memory.
import { writeSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@ctq/runtime';
import type { LeaseRenewer } from '../store/queue-store.js';
import type { BlockedReport } from '../transport/transport.js';
import { KeeperLoop } from './keeper-loop.js';
import type { KeeperInput, KeeperMessage } from './keeper-messages.js';
import { LeaseState, threadSharedNow } from './lease-state.js';

const { buffer, durationMs, maxBlockedMs, exitProcess, module, options } = workerData as KeeperInput;

/** Written to the thread's own descriptor: the main loop, which carries a thread's stderr, is the one that is blocked. */
function endProcess({ blockedMs, activity }: BlockedReport): void {
  const what = activity === '' ? 'something that it did not name' : activity;
  const line = `ctq: the main loop has been blocked for ${Math.round(blockedMs / 1_000)} s by ${what}; ending the process.\n`;
  try {
    writeSync(2, line);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

function tell(message: KeeperMessage): void {
  parentPort?.postMessage(message);
}

async function openRenewer(): Promise<LeaseRenewer> {
  const loaded: unknown = await import(isAbsolute(module) ? pathToFileURL(module).href : module);
  if (!isRenewerModule(loaded)) throw new TypeError(`${module} does not export openLeaseRenewer(options).`);
  return await loaded.openLeaseRenewer(options);
}

function isRenewerModule(value: unknown): value is { openLeaseRenewer: (options: unknown) => Promise<LeaseRenewer> } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'openLeaseRenewer' in value &&
    typeof value.openLeaseRenewer === 'function'
  );
}

let renewer: LeaseRenewer | undefined = await openRenewer();

const loop = new KeeperLoop({
  state: new LeaseState(buffer),
  durationMs,
  maxBlockedMs,
  clock: systemClock,
  now: threadSharedNow,
  renew: async () => {
    renewer ??= await openRenewer();
    await renewer.renew();
  },
  onRenewalFailed: ({ message }) => {
    tell({ kind: 'renewal-failed', error: message });
    const broken = renewer;
    // The next renewal connects anew, whatever was wrong with this connection.
    renewer = undefined;
    broken?.close().catch(() => undefined);
  },
  onBlockedTooLong: (report) => {
    if (exitProcess) endProcess(report);
  },
  onTurnsAgain: (report) => tell({ kind: 'turns-again', report }),
});

parentPort?.once('message', () => {
  void loop
    .stop()
    .then(() => renewer?.close())
    .finally(() => parentPort?.close());
});

loop.start();
tell({ kind: 'ready' });
