import { systemClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('A task that keeps the event loop from turning', () => {
  test('for a second or more in one piece is named, alone among those that run', async () => {
    await using scene = new WorkerScene({ clock: systemClock });
    const innocent = scene.app.task('innocent', () => new Promise(() => undefined));
    const report = scene.app.task('report', () => block(1_200));
    const worker = await scene.start();
    await innocent.delay();
    await scene.line(/accepted: innocent/);
    const result = await report.delay();
    const { level, message, fields } = await scene.line(/The event loop was blocked/);
    expect(level).toBe('warn');
    expect(message).toMatch(
      /^The event loop was blocked for \d+\.\d s by report\[[-\da-f]+\];.*Run such tasks in threads or processes/,
    );
    expect(fields).toMatchObject({ tasks: [`report[${result.id}]`] });
    expect(fields['blockedMs']).toBeGreaterThanOrEqual(1_200);
    // Once a minute is enough, and the late timer does not tell it again.
    await (await report.delay()).get({ timeout: 10 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(scene.lines.filter((line) => line.message.includes('was blocked'))).toHaveLength(1);
    await worker.stop(scene.after(0));
  });

  test('after it had awaited something is among those that are named', async () => {
    await using scene = new WorkerScene({ clock: systemClock });
    const report = scene.app.task('report', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      block(1_700);
    });
    await scene.start();
    const result = await report.delay();
    const { message } = await scene.line(/The event loop was blocked/);
    expect(message).toContain(` by report[${result.id}];`);
  });

  test('is not reported for less, nor by a pool that has the loop to itself', async () => {
    await using scene = new WorkerScene({ clock: systemClock });
    const report = scene.app.task('report', () => block(300));
    await scene.start({ pool: 'solo' });
    for (let count = 0; count < 4; count += 1) await (await report.delay()).get({ timeout: 10 });
    expect(scene.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
