import { createLogger, type Deferred, deferred, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { EventMaker } from '../__fixtures__/event-maker.js';
import { Camera, type CameraOptions } from './camera.js';
import { ClusterState } from './state/cluster-state.js';

function scene(options: Partial<CameraOptions> = {}) {
  const clock = new VirtualClock();
  const lines: LogRecord[] = [];
  const logger = createLogger((line) => lines.push(line));
  const state = new ClusterState({ clock, logger });
  const pictures: number[] = [];
  const onShutter = ({ tasks }: ClusterState) => pictures.push(tasks.size);
  const camera = new Camera(state, { onShutter, clock, logger, ...options });
  return { clock, lines, state, pictures, camera, make: new EventMaker() };
}

describe('A camera', () => {
  test('takes a picture every second, and a last one [WK-184, SG-051]', async () => {
    const { camera, clock, lines, make, pictures, state } = scene();
    camera.start();
    camera.start();
    await clock.advance(999);
    expect(pictures).toEqual([]);
    await clock.advance(1);
    state.event(make.task('started', 'a'));
    await clock.advance(2_000);
    state.event(make.task('started', 'b'));
    await camera.stop();
    await camera.stop();
    await clock.advance(10_000);
    expect(pictures).toEqual([0, 1, 1, 2]);
    expect([clock.pendingTimers, lines[0]?.message]).toEqual([0, 'Shutter: <State: events=0 tasks=0>']);
  });

  test('takes them as often as it is told, and no more than so many [WK-184]', async () => {
    const { camera, clock, pictures } = scene({ frequency: '250ms', maxRate: '30/m' });
    camera.start();
    await clock.advance(6_250);
    expect(pictures).toHaveLength(4);
    await camera.stop();
  });

  test('has old pictures cleaned up every hour [WK-184, SG-052]', async () => {
    const cleaned: ClusterState[] = [];
    const { camera, clock, lines, state } = scene({ frequency: '1d', onCleanup: (one) => cleaned.push(one) });
    camera.start();
    await clock.advance(2 * 3_600_000);
    expect(cleaned).toEqual([state, state]);
    expect(lines.map(({ message }) => message)).toContain('Cleanup: Running...');
    await camera.stop();
  });

  test('may forget what is in a picture that was taken [WK-184]', async () => {
    let isBroken = true;
    const { camera, clock, lines, make, state } = scene({
      clearAfter: true,
      onShutter: () => {
        if (isBroken) throw new Error('no film');
      },
    });
    camera.start();
    for (const subject of ['started', 'succeeded']) state.event(make.task(subject, subject));
    await clock.advance(1_000);
    expect(state.tasks.size).toBe(2);
    expect(lines.at(-1)?.message).toBe('A picture of the cluster could not be taken');
    isBroken = false;
    await clock.advance(1_000);
    expect([[...state.tasks.keys()], state.workers.size]).toEqual([['started'], 0]);
    await camera.stop();
  });

  test('looks at a state that stands still, one picture after the other', async () => {
    const looking: Deferred<void>[] = [];
    const { camera, clock, make, state } = scene({
      onShutter() {
        const look = deferred();
        looking.push(look);
        return look.promise;
      },
    });
    camera.start();
    await clock.advance(5_000);
    state.event(make.task('started', 'a'));
    expect([looking.length, state.tasks.size]).toEqual([1, 0]);
    looking[0]?.resolve();
    await clock.advance(0);
    expect(state.tasks.size).toBe(1);
    const stopping = camera.stop();
    await clock.advance(0);
    looking[1]?.resolve();
    await stopping;
    expect(looking).toHaveLength(2);
  });

  test('that was never started takes none, and cannot be started once it is stopped', async () => {
    const { camera, clock, pictures } = scene();
    await camera.stop();
    camera.start();
    await clock.advance(5_000);
    expect(pictures).toEqual([]);
  });

  test('whose cleaning fails goes on', async () => {
    const { camera, clock, lines } = scene({ cleanupFrequency: 1, onCleanup: () => Promise.reject(new Error('full')) });
    camera.start();
    await clock.advance(2_000);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(2);
    await camera.stop();
  });

  test.each([0, -1, '0s'] as const)('takes no picture every %s', (frequency) => {
    expect(() => scene({ frequency })).toThrow('frequency is the time between two');
  });
});
