import { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import { Worker } from '@ctq/worker';
import { describe, expect, test } from 'vitest';
import { ShutdownSignals } from './shutdown-signals.js';

/** Signals as on that platform, to a worker in this process; they are told as Node tells them. */
async function setup(platform: NodeJS.Platform, isTerminal: boolean) {
  const app = new Ctq('demo', { broker: memoryTransport(), backend: memoryBackend() });
  const worker = new Worker(app);
  await worker.start();
  const lines: string[] = [];
  const signals = new ShutdownSignals({
    worker,
    say: (line) => lines.push(line),
    dump: () => lines.push('dump'),
    platform,
    isTerminal,
    remapTerm: false,
  });
  signals.install();
  return {
    worker,
    signals,
    lines,
    tell: (signal: NodeJS.Signals): boolean => process.emit(signal, signal),
    async [Symbol.asyncDispose]() {
      signals.remove();
      await worker.stop();
      await app.close();
    },
  };
}

describe('Signals', () => {
  test.each(['SIGBREAK', 'SIGHUP'] as const)('%s on Windows is a cold shutdown', async (signal) => {
    await using scene = await setup('win32', true);
    expect(scene.tell(signal)).toBe(true);
    await scene.signals.stopped;
    expect(scene.lines).toContain('worker: Cold shutdown (MainProcess)');
    expect(scene.signals).toMatchObject({ exitCode: 1, wantsSuccessor: false });
    expect(scene.worker.phase).toBe('stopped');
  });

  test("SIGUSR1 on Windows, and SIGHUP on a terminal elsewhere, are nobody's", async () => {
    await using windows = await setup('win32', false);
    await using terminal = await setup('linux', true);
    windows.signals.remove();
    expect(terminal.tell('SIGHUP')).toBe(false);
    terminal.signals.remove();
    windows.signals.install();
    expect(windows.tell('SIGUSR1')).toBe(false);
    expect([windows.worker.phase, terminal.worker.phase]).toEqual(['running', 'running']);
  });

  test.each(['linux', 'darwin'] as const)(
    'SIGHUP on %s without a terminal asks for a successor [WK-093]',
    async (platform) => {
      await using scene = await setup(platform, false);
      scene.tell('SIGHUP');
      await scene.signals.stopped;
      expect(scene.signals).toMatchObject({ exitCode: 0, wantsSuccessor: true });
    },
  );
});
