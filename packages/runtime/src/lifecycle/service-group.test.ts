import { describe, expect, test } from 'vitest';
import { type Deferred, deferred } from '../concurrency/deferred.js';
import { VirtualClock } from '../time/virtual-clock.js';
import { Deadline } from './deadline.js';
import type { Service } from './service.js';
import { type ServiceGroup, serviceGroup } from './service-group.js';
import { ServiceStoppedError } from './service-stopped-error.js';

interface Member extends Service {
  readonly dies: Deferred<Error>;
}
interface Behaviour {
  start?: (signal: AbortSignal) => Promise<void>;
  stop?: (deadline: Deadline) => Promise<void>;
}

const forever = (): Promise<void> => new Promise(() => undefined);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const neverAborted = new AbortController().signal;

/** A group of `connection`, `consumer` and `control`, which write down what is done to them. */
function setup(behaviours: Partial<Record<'connection' | 'consumer' | 'control', Behaviour>> = {}): {
  clock: VirtualClock;
  log: string[];
  group: ServiceGroup;
  members: Record<'connection' | 'consumer' | 'control', Member>;
} {
  const clock = new VirtualClock();
  const log: string[] = [];
  const member = (name: 'connection' | 'consumer' | 'control'): Member => {
    const dies = deferred<Error>();
    return {
      name,
      dies,
      failed: dies.promise,
      start: (signal) => {
        log.push(`start ${name}`);
        return behaviours[name]?.start?.(signal) ?? Promise.resolve();
      },
      stop: (deadline) => {
        log.push(`stop ${name}`);
        return behaviours[name]?.stop?.(deadline) ?? Promise.resolve();
      },
    };
  };
  const members = { connection: member('connection'), consumer: member('consumer'), control: member('control') };
  return {
    clock,
    log,
    members,
    group: serviceGroup('worker', Object.values(members), () => Deadline.after(5_000, clock)),
  };
}

describe('Starting a group', () => {
  test('starts its services in order, each when the one before is ready [WK-006]', async () => {
    const ready = deferred();
    const { group, log } = setup({ connection: { start: () => ready.promise } });
    const started = group.start(neverAborted);
    await turn();
    expect(log).toEqual(['start connection']);
    ready.resolve();
    await started;
    expect(log).toEqual(['start connection', 'start consumer', 'start control']);
  });

  test('stops in reverse what was started when one cannot start, and throws its error [WK-006]', async () => {
    const error = new Error('No such queue.');
    const { group, log } = setup({ consumer: { start: () => Promise.reject(error) } });
    await expect(group.start(neverAborted)).rejects.toBe(error);
    expect(log).toEqual(['start connection', 'start consumer', 'stop consumer', 'stop connection']);
  });

  test('takes a start that throws at once like one that rejects', async () => {
    const { group, log } = setup({
      consumer: {
        start: () => {
          throw new Error('thrown');
        },
      },
    });
    await expect(group.start(neverAborted)).rejects.toThrow('thrown');
    expect(log.slice(2)).toEqual(['stop consumer', 'stop connection']);
  });

  test('rolls back within its deadline when a service does not end', async () => {
    const { group, clock, log } = setup({
      consumer: { start: () => Promise.reject(new Error('broken')), stop: forever },
    });
    const started = group.start(neverAborted).catch((error: unknown) => error);
    await clock.advance(4_999);
    expect(log).not.toContain('stop connection');
    await clock.advance(1);
    expect(await started).toMatchObject({ message: 'broken' });
    expect(log).toContain('stop connection');
  });

  test('keeps the error of the start when the rollback fails too', async () => {
    const { group } = setup({
      connection: { stop: () => Promise.reject(new Error('cannot close')) },
      consumer: { start: () => Promise.reject(new Error('cannot start')) },
    });
    await expect(group.start(neverAborted)).rejects.toThrow('cannot start');
  });

  test('gives up with the reason of the signal, even when the service does not listen to it', async () => {
    const controller = new AbortController();
    const { group, log } = setup({ consumer: { start: forever } });
    const started = group.start(controller.signal);
    await turn();
    controller.abort('reason');
    await expect(started).rejects.toBe('reason');
    expect(log).toEqual(['start connection', 'start consumer', 'stop consumer', 'stop connection']);
  });

  test.each([
    ['ready in the same instant', () => Promise.resolve()],
    ['deaf to it', forever],
  ])('gives up when the last service itself brings the abort about and is %s', async (_, ending) => {
    const controller = new AbortController();
    const { group, log } = setup({
      control: {
        start: () => {
          controller.abort('reason');
          return ending();
        },
      },
    });
    await expect(group.start(controller.signal)).rejects.toBe('reason');
    expect(log.slice(3)).toEqual(['stop control', 'stop consumer', 'stop connection']);
  });

  test('does not begin under an aborted signal', async () => {
    const { group, log } = setup();
    await expect(group.start(AbortSignal.abort('reason'))).rejects.toBe('reason');
    expect(log).toEqual([]);
  });

  test('gives up when a service that was started dies meanwhile, and has not failed itself', async () => {
    const { group, log, members } = setup({ consumer: { start: forever } });
    const started = group.start(neverAborted);
    await turn();
    const error = new Error('Connection lost.');
    members.connection.dies.resolve(error);
    await expect(started).rejects.toBe(error);
    expect(log).toEqual(['start connection', 'start consumer', 'stop consumer', 'stop connection']);
    await expect(Promise.race([group.failed, turn()])).resolves.toBeUndefined();
  });

  test('is one start when it is called twice', async () => {
    const { group, log } = setup();
    await Promise.all([group.start(neverAborted), group.start(neverAborted)]);
    expect(log).toHaveLength(3);
  });

  test('is refused after a stop', async () => {
    const { group, log, clock } = setup();
    await group.stop(Deadline.never(clock));
    const error: unknown = await group.start(neverAborted).catch((reason: unknown) => reason);
    expect(ServiceStoppedError.isInstance(error)).toBe(true);
    expect(log.filter((line) => line.startsWith('start'))).toEqual([]);
  });
});

describe('Stopping a group', () => {
  test('stops in reverse, each when the one after it has ended, under one deadline', async () => {
    const ended = deferred();
    const deadlines: Deadline[] = [];
    const { group, log, clock } = setup({
      consumer: {
        stop: (deadline) => {
          deadlines.push(deadline);
          return ended.promise;
        },
      },
    });
    await group.start(neverAborted);
    const deadline = Deadline.after(1_000, clock);
    const stopped = group.stop(deadline);
    await turn();
    expect(log.slice(3)).toEqual(['stop control', 'stop consumer']);
    ended.resolve();
    await stopped;
    expect(log.slice(3)).toEqual(['stop control', 'stop consumer', 'stop connection']);
    expect(deadlines).toEqual([deadline]);
  });

  test('goes on when services fail to stop, and throws the failures together', async () => {
    const first = new Error('control');
    const { group, log, clock } = setup({
      control: { stop: () => Promise.reject(first) },
      consumer: {
        stop: () => {
          throw new Error('thrown at once');
        },
      },
    });
    await group.start(neverAborted);
    const error: unknown = await group.stop(Deadline.never(clock)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toEqual([first, new Error('thrown at once')]);
    expect(log.at(-1)).toBe('stop connection');
  });

  test('goes on at the deadline when a service does not end, and says which', async () => {
    const { group, log, clock } = setup({ consumer: { stop: forever } });
    await group.start(neverAborted);
    const stopped = group.stop(Deadline.after(1_000, clock)).catch((error: unknown) => error);
    await clock.advance(1_000);
    await turn();
    expect(await stopped).toMatchObject({ errors: [{ message: 'consumer did not stop by the deadline.' }] });
    expect(log.at(-1)).toBe('stop connection');
  });

  test('does not blame a service that abandons its work at the very deadline', async () => {
    const { group, clock } = setup({
      consumer: {
        stop: async (deadline) => {
          await deadline.wait(forever());
          await turn();
        },
      },
    });
    await group.start(neverAborted);
    const stopped = group.stop(Deadline.after(1_000, clock));
    await clock.advance(1_000);
    await expect(stopped).resolves.toBeUndefined();
  });

  test('is cut short by a second stop with an earlier deadline', async () => {
    const { group, log, clock } = setup({ control: { stop: forever } });
    await group.start(neverAborted);
    void group.stop(Deadline.never(clock));
    const second = group.stop(Deadline.after(1_000, clock)).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await second).toBeInstanceOf(AggregateError);
    expect(log).toContain('stop connection');
  });

  test('does not abort the signal of a start that is long over', async () => {
    const signals: AbortSignal[] = [];
    const { group, clock } = setup({ consumer: { start: async (signal) => void signals.push(signal) } });
    await group.start(neverAborted);
    await group.stop(Deadline.never(clock));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test('makes a pending start give up, stops what was begun and starts nothing more', async () => {
    const { group, log, clock } = setup({ consumer: { start: forever } });
    const started = group.start(neverAborted).catch((error: unknown) => error);
    await turn();
    await group.stop(Deadline.after(1_000, clock));
    expect(ServiceStoppedError.isInstance(await started)).toBe(true);
    expect(log).not.toContain('start control');
    expect(log).toContain('stop connection');
  });

  test('stops services that were never started, so that nobody can start them', async () => {
    const { group, log, clock } = setup();
    await group.stop(Deadline.never(clock));
    expect(log).toEqual(['stop control', 'stop consumer', 'stop connection']);
  });
});

describe('A group has failed', () => {
  test('when one of its services dies, with its error', async () => {
    const { group, members } = setup();
    await group.start(neverAborted);
    const error = new Error('Connection lost.');
    members.connection.dies.resolve(error);
    members.control.dies.resolve(new Error('And another.'));
    await expect(group.failed).resolves.toBe(error);
  });

  test('also when the promise of a service rejects against the rules', async () => {
    const { group, members } = setup();
    await group.start(neverAborted);
    members.consumer.dies.reject('text');
    await expect(group.failed).resolves.toBeInstanceOf(Error);
  });

  test('not when a service breaks while it is stopped', async () => {
    const { group, members, clock } = setup();
    await group.start(neverAborted);
    const stopped = group.stop(Deadline.never(clock));
    members.connection.dies.resolve(new Error('Closed.'));
    await stopped;
    await expect(Promise.race([group.failed, turn()])).resolves.toBeUndefined();
  });
});
