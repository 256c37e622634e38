import { describe, expect, test } from 'vitest';
import { deferred } from '../concurrency/deferred.js';
import { Deadline } from '../lifecycle/deadline.js';
import type { Service } from '../lifecycle/service.js';
import { serviceGroup } from '../lifecycle/service-group.js';
import { ServiceStoppedError } from '../lifecycle/service-stopped-error.js';
import type { Timer } from '../time/clock.js';
import { VirtualClock } from '../time/virtual-clock.js';
import { serviceConformance } from './index.js';
import { turns } from './turns.js';

/** What a `Ticker` does wrong, and a case of the kit that has to notice. */
const defects = {
  'stop before start throws': 'stop before start resolves, and the start after it is refused',
  'stop before start never ends': 'stop before start resolves, and the start after it is refused',
  'starts after a stop': 'a stopped service cannot be started again',
  'throws instead of rejecting': 'a stopped service cannot be started again',
  'starts with an aborted signal':
    'a start with an aborted signal is refused with the reason, and leaves nothing behind',
  'does not notice an abort': 'a start that is aborted gives up with the reason and cleans up, without a stop',
  'wraps the reason of an abort': 'a start that is aborted gives up with the reason and cleans up, without a stop',
  'leaves a timer when aborted': 'a start that is aborted gives up with the reason and cleans up, without a stop',
  'dies of a late abort': 'an abort after the start means nothing any more',
  'does not notice a stop while it starts': 'stop makes a pending start give up, and is not over before the start is',
  'stops before its start is over': 'stop makes a pending start give up, and is not over before the start is',
  'throws at the second stop': 'three stops at once all resolve',
  'hangs at the second stop': 'three stops at once all resolve',
  'keeps ticking after the stop': 'start makes it ready, and stop leaves nothing behind',
  'keeps a handle after the stop': 'start makes it ready, and stop leaves nothing behind',
  'throws at a deadline that has passed': 'a deadline that has passed is no reason to hang or to throw',
  'never becomes ready': 'start makes it ready, and stop leaves nothing behind',
  'fails when it is stopped': 'start makes it ready, and stop leaves nothing behind',
  'fails as soon as it is started': 'start makes it ready, and stop leaves nothing behind',
  'rejects failed when it is stopped': 'start makes it ready, and stop leaves nothing behind',
  'waits for its work for ever': 'stop abandons unfinished work at its deadline',
  'waits a little longer than the deadline': 'stop abandons unfinished work at its deadline',
  'makes the second stop wait for the first': 'a second stop with an earlier deadline cuts the first one short',
  'dies in silence': 'a service that dies tells it through failed, and can be stopped',
  'rejects failed when it dies': 'a service that dies tells it through failed, and can be stopped',
  'tells a string when it dies': 'a service that dies tells it through failed, and can be stopped',
  'cannot be stopped when dead': 'a service that dies tells it through failed, and can be stopped',
  'leaves a timer when its start fails': 'a start that fails rejects with an error and cleans up, without a stop',
  'starts where it should fail': 'a start that fails rejects with an error and cleans up, without a stop',
} as const;
type Defect = keyof typeof defects;

/** Connects for 10 ms, then ticks each second. Handles stand for whatever is not a timer: sockets, subscriptions. */
class Ticker implements Service {
  readonly name = 'ticker';
  readonly #clock: VirtualClock;
  readonly #handles: Set<Ticker>;
  readonly #defect: Defect | undefined;
  readonly #cannotConnect: boolean;
  readonly #death = deferred<Error>();
  readonly #giveUp = new AbortController();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #tick: Timer | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(clock: VirtualClock, handles: Set<Ticker>, defect?: Defect, cannotConnect = false) {
    this.#clock = clock;
    this.#handles = handles;
    this.#defect = defect;
    this.#cannotConnect = cannotConnect;
  }

  get failed(): Promise<Error> {
    return this.#death.promise;
  }

  start(signal: AbortSignal): Promise<void> {
    if (this.#stopping !== undefined && this.#defect !== 'starts after a stop') {
      if (this.#defect === 'throws instead of rejecting') throw new ServiceStoppedError(this.name);
      return Promise.reject(new ServiceStoppedError(this.name));
    }
    if (this.#defect === 'dies of a late abort')
      signal.addEventListener('abort', () => this.#death.resolve(new Error('aborted')));
    if (this.#defect === 'starts with an aborted signal' && signal.aborted) return Promise.resolve();
    this.#starting = this.#connect(signal);
    return this.#starting;
  }

  stop(deadline: Deadline): Promise<void> {
    const isFirst = this.#stopping === undefined;
    if (this.#starting === undefined) {
      if (this.#defect === 'stop before start throws') return Promise.reject(new Error('Not started.'));
      if (this.#defect === 'stop before start never ends') return new Promise(() => undefined);
    }
    if (!isFirst && this.#defect === 'throws at the second stop') return Promise.reject(new Error('Already stopped.'));
    if (!isFirst && this.#defect === 'hangs at the second stop') return new Promise(() => undefined);
    if (!isFirst && this.#defect === 'makes the second stop wait for the first')
      return this.#stopping ?? Promise.resolve();
    const stopped = this.#end(deadline);
    this.#stopping ??= stopped;
    return stopped;
  }

  occupy(): void {
    this.#work = new Promise(() => undefined);
  }

  breakDown(): void {
    if (this.#stopping !== undefined || this.#defect === 'dies in silence') return;
    this.#release();
    if (this.#defect === 'rejects failed when it dies') this.#death.reject(new Error('The ticker broke.'));
    else if (this.#defect === 'tells a string when it dies')
      this.#death.resolve('The ticker broke.' as unknown as Error);
    else this.#death.resolve(new Error('The ticker broke.'));
    if (this.#defect === 'cannot be stopped when dead') this.occupy();
  }

  async #connect(outer: AbortSignal): Promise<void> {
    const signals: AbortSignal[] = [];
    if (this.#defect !== 'does not notice an abort') signals.push(outer);
    if (this.#defect !== 'does not notice a stop while it starts' && this.#defect !== 'starts after a stop')
      signals.push(this.#giveUp.signal);
    if (this.#defect === 'leaves a timer when aborted') {
      outer.addEventListener('abort', () => this.#clock.setTimer(() => undefined, 1_000));
    }
    try {
      await this.#clock.sleep(this.#defect === 'never becomes ready' ? 1e9 : 10, AbortSignal.any(signals));
      // The clock's timer and an abort may fall into one turn.
      AbortSignal.any(signals).throwIfAborted();
    } catch (error) {
      if (this.#defect === 'stops before its start is over') await turns(5);
      if (this.#defect === 'wraps the reason of an abort') throw new Error('Start was aborted.', { cause: error });
      throw error;
    }
    if (this.#cannotConnect && this.#defect !== 'starts where it should fail') {
      if (this.#defect === 'leaves a timer when its start fails') this.#clock.setTimer(() => undefined, 1_000);
      throw new Error('Nobody listens.');
    }
    this.#handles.add(this);
    this.#scheduleTick();
    if (this.#defect === 'fails as soon as it is started') this.#death.resolve(new Error('failed'));
  }

  #scheduleTick(): void {
    this.#tick = this.#clock.setTimer(() => this.#scheduleTick(), 1_000);
  }

  async #end(deadline: Deadline): Promise<void> {
    this.#giveUp.abort(new ServiceStoppedError(this.name));
    const hadPassed = deadline.hasPassed;
    if (this.#starting !== undefined && this.#defect !== 'stops before its start is over') {
      await deadline.wait(this.#starting.catch(() => undefined));
    }
    this.#release();
    if (this.#defect === 'waits for its work for ever' || this.#defect === 'cannot be stopped when dead')
      await this.#work;
    const isDone = await deadline.wait(this.#work);
    if (!isDone && this.#defect === 'waits a little longer than the deadline') await this.#clock.sleep(1);
    if (this.#defect === 'fails when it is stopped') this.#death.resolve(new Error('The connection was closed.'));
    if (this.#defect === 'rejects failed when it is stopped')
      this.#death.reject(new Error('The connection was closed.'));
    if (hadPassed && this.#defect === 'throws at a deadline that has passed') throw new Error('Too late.');
  }

  #release(): void {
    if (this.#defect !== 'keeps ticking after the stop') this.#tick?.cancel();
    if (this.#defect !== 'keeps a handle after the stop') this.#handles.delete(this);
  }
}

function casesFor(defect?: Defect): ReturnType<typeof serviceConformance> {
  const clock = new VirtualClock();
  const handles = new Set<Ticker>();
  return serviceConformance(() => new Ticker(clock, handles, defect), {
    clock,
    isIdle: () => handles.size === 0,
    occupy: (service) => (service as Ticker).occupy(),
    breakDown: (service) => (service as Ticker).breakDown(),
    failingFactory: () => new Ticker(clock, handles, defect, true),
  });
}

describe('A service that keeps the contract passes the stress kit:', () => {
  for (const { name, run } of casesFor()) test(name, run);
});

describe('A group of services passes the stress kit:', () => {
  const clock = new VirtualClock();
  const handles = new Set<Ticker>();
  const group = (cannotConnect: boolean): Service => {
    const members = [false, false, cannotConnect, false].map((cannot) => new Ticker(clock, handles, undefined, cannot));
    return serviceGroup('group', members, () => Deadline.after(1_000, clock));
  };
  const last = (service: Service): Ticker => (service as ReturnType<typeof serviceGroup>).services.at(-1) as Ticker;
  const cases = serviceConformance(() => group(false), {
    clock,
    isIdle: () => handles.size === 0,
    occupy: (service) => last(service).occupy(),
    breakDown: (service) => last(service).breakDown(),
    failingFactory: () => group(true),
    orders: 100,
  });
  for (const { name, run } of cases) test(name, run);
});

describe('A service that does its work in no time passes the stress kit in real time:', () => {
  const cases = serviceConformance(() => {
    let isStopped = false;
    return {
      name: 'nothing',
      failed: new Promise<Error>(() => undefined),
      start: async (signal) => {
        signal.throwIfAborted();
        if (isStopped) throw new ServiceStoppedError('nothing');
      },
      stop: async () => {
        isStopped = true;
      },
    };
  });
  for (const { name, run } of cases) test(name, run);
});

describe('The stress kit catches a service that', () => {
  test.each(Object.entries(defects) as [Defect, string][])('%s', async (defect, name) => {
    const found = casesFor(defect).find((each) => each.name === name);
    await expect(found?.run()).rejects.toMatchObject({ code: 'ERR_ASSERTION' });
  });

  test.each([
    'starts after a stop',
    'does not notice a stop while it starts',
    'keeps ticking after the stop',
    'fails when it is stopped',
    'hangs at the second stop',
    'wraps the reason of an abort',
  ] as const)('%s, by random orders too', async (defect) => {
    const random = casesFor(defect).filter(({ name }) => name.startsWith('seed'));
    const caught: string[] = [];
    for (const { name, run } of random) await run().catch(() => caught.push(name));
    expect(caught.length).toBeGreaterThan(0);
  });
});

describe('The stress kit', () => {
  test('repeats a random order by its seed', () => {
    const named = (firstSeed: number): string[] =>
      serviceConformance(() => new Ticker(new VirtualClock(), new Set()), { firstSeed }).map(({ name }) => name);
    expect(named(7)).toEqual(named(7));
    expect(named(7)).not.toEqual(named(8));
  });

  test('leaves out the cases for which it was not told how', () => {
    const names = serviceConformance(() => new Ticker(new VirtualClock(), new Set())).map(({ name }) => name);
    expect(names).not.toContain('stop abandons unfinished work at its deadline');
    expect(names).not.toContain('a service that dies tells it through failed, and can be stopped');
  });
});
