import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';
import { ScriptedHosts } from '../pool/slots/__fixtures__/scripted-hosts.js';
import { poolOf, turn } from '../pool/slots/__fixtures__/scripted-pool.js';

/** A worker that has run so many short tasks that it looks ahead; then each of its slots has a long one. */
async function stalled(scene: WorkerScene, prefetchMultiplier: number) {
  const open = deferred();
  const ran: number[] = [];
  const quick = scene.app.task('quick', (place: number) => void ran.push(place));
  const slow = scene.app.task('slow', () => open.promise);
  const worker = await scene.start({ concurrency: 1, prefetchMultiplier });
  for (let sent = 0; sent < 16; sent += 1) await (await quick.delay(0)).get();
  ran.length = 0;
  const blocking = await slow.delay();
  for (const place of [1, 2, 3]) await quick.delay(place);
  await scene.clock.advance(0);
  return { open, ran, worker, blocking };
}

describe('Short tasks that were taken ahead, with a long one before them', () => {
  test('go back to their queue in their order, and others run them', async () => {
    await using scene = new WorkerScene();
    const { open, ran, blocking } = await stalled(scene, 4);
    expect(await scene.waiting()).toBe(0);
    await scene.clock.advance(199);
    expect(await scene.waiting()).toBe(0);
    await scene.clock.advance(1);
    expect(await scene.waiting()).toBe(3);
    await scene.start({ concurrency: 1, hostname: 'other@host' });
    await scene.clock.advance(0);
    expect(ran).toEqual([1, 2, 3]);
    open.resolve();
    await blocking.get();
  });

  test('are run by their worker where there is no other', async () => {
    await using scene = new WorkerScene();
    const { open, ran, worker, blocking } = await stalled(scene, 4);
    await scene.clock.advance(60_000);
    expect([await scene.waiting(), worker.status().waiting]).toEqual([3, 0]);
    open.resolve();
    await blocking.get();
    await scene.clock.advance(0);
    expect(ran).toEqual([1, 2, 3]);
  });

  test('stay where the multiplier is 0, which is no limit', async () => {
    await using scene = new WorkerScene();
    const { open, worker, blocking } = await stalled(scene, 0);
    await scene.clock.advance(60_000);
    expect([await scene.waiting(), worker.status().waiting]).toEqual([0, 3]);
    open.resolve();
    await blocking.get();
  });

  test('are not sent to and fro where they were acknowledged before they ran, and the broker would give others at once', async () => {
    await using scene = new WorkerScene({ taskAcksLate: false });
    const open = deferred();
    const slow = scene.app.task('slow', () => open.promise);
    await scene.start({ concurrency: 2 });
    const calls = await Promise.all(Array.from({ length: 6 }, () => slow.delay()));
    await scene.clock.advance(0);
    const before = received(scene);
    await scene.clock.advance(60_000);
    expect(received(scene)).toBe(before);
    open.resolve();
    for (const call of calls) await call.get();
  });

  test('are not sent to and fro while slots are added for them', async () => {
    await using scene = new WorkerScene();
    const hosts = new ScriptedHosts();
    scene.app.task('kit.returns', () => 42);
    await scene.start({ pool: poolOf(hosts), module: 'file:///app.js', autoscale: { min: 1, max: 3 } });
    hosts.onStart = () => undefined;
    for (let sent = 0; sent < 3; sent += 1) await scene.app.sendTask('kit.returns');
    await scene.clock.advance(10_000);
    expect(received(scene)).toBe(3);
    expect(await scene.waiting()).toBe(0);
    hosts.onStart = (host) => host.says({ kind: 'ready' });
    for (const host of hosts.all.slice(1)) host.says({ kind: 'ready' });
    await turn();
    for (const host of hosts.all) host.saysEnded(1);
    await turn();
  });
});

const received = ({ lines }: WorkerScene): number =>
  lines.filter(({ message }) => message.endsWith(' received')).length;
