import assert from 'node:assert/strict';
import { toError } from '../errors/to-error.js';
import { Deadline } from '../lifecycle/deadline.js';
import type { Service } from '../lifecycle/service.js';
import type { VirtualClock } from '../time/virtual-clock.js';
import { turns } from './turns.js';

/** What the kit is told about the services it is given. The more of it, the more the kit can catch. */
export interface ServiceConformanceOptions {
  /**
   * The clock on which the services run; the kit moves it. A timer that a stopped service leaves on it is a leak. Without
   * one the services run in real time, of which the kit never lets any pass on purpose.
   */
  readonly clock?: VirtualClock;
  /** True when none of the services made so far holds anything: no timer, socket, thread, subscription. */
  isIdle?(): boolean | Promise<boolean>;
  /** Gives a started service work that does not end by itself. */
  occupy?(service: Service): void | Promise<void>;
  /** Makes a started service die by itself. */
  breakDown?(service: Service): void | Promise<void>;
  /** Makes a service whose start fails by itself. */
  failingFactory?(): Service;
  /** How many random orders of calls are tried, each a case of its own. Default 25. */
  readonly orders?: number;
  /** Seed of the first random order; the others count on from it. Default 1. */
  readonly firstSeed?: number;
  /** After how many milliseconds of the services' clock something that has not ended counts as hanging. Default 10000. */
  readonly patienceMs?: number;
}

/** A call of `start` or `stop`, and what became of it. */
export interface Attempt {
  readonly what: string;
  /** Resolves when the call is over either way; rejects when it broke its deadline. */
  ended: Promise<void>;
  state: 'pending' | 'resolved' | 'rejected';
  reason?: unknown;
}

/** One service under test. Every wait in it fails, with the name of what is awaited, instead of hanging. */
export class Trial {
  readonly service: Service;
  readonly #options: ServiceConformanceOptions;
  readonly #timersBefore: number;
  #failed: 'pending' | 'resolved' | 'rejected' = 'pending';
  #failure: unknown;

  constructor(factory: () => Service, options: ServiceConformanceOptions) {
    this.#options = options;
    this.#timersBefore = options.clock?.pendingTimers ?? 0;
    this.service = factory();
    const settle = (state: 'resolved' | 'rejected', value: unknown): void => {
      this.#failed = state;
      this.#failure = value;
    };
    this.service.failed.then(
      (error) => settle('resolved', error),
      (error: unknown) => settle('rejected', error),
    );
  }

  start(signal: AbortSignal = new AbortController().signal): Attempt {
    return this.#attempt('start', () => this.service.start(signal));
  }

  stop(deadline: Deadline = this.never()): Attempt {
    const attempt = this.#attempt('stop', () => this.service.stop(deadline));
    const { clock } = this.#options;
    if (clock === undefined || deadline.remainingMs === Number.POSITIVE_INFINITY) return attempt;
    const dueAt = clock.monotonic() + deadline.remainingMs;
    const ended = attempt.ended.then(() => assert.ok(clock.monotonic() <= dueAt, 'stop took longer than its deadline'));
    ended.catch(() => undefined);
    attempt.ended = ended;
    return attempt;
  }

  never(): Deadline {
    return Deadline.never(this.#options.clock);
  }

  /** A deadline that has passed. */
  passed(): Deadline {
    return Deadline.after(0, this.#options.clock);
  }

  /** A deadline that passes during the case: a second ahead where time is virtual; now, where waiting would be sleeping. */
  soon(): Deadline {
    return Deadline.after(this.#options.clock === undefined ? 0 : 1_000, this.#options.clock);
  }

  /** Lets time pass where it is virtual, and a turn of the event loop where it is not. */
  async elapse(ms: number): Promise<void> {
    await (this.#options.clock?.advance(ms) ?? turns(1));
  }

  async running(): Promise<void> {
    await this.resolves(this.start());
  }

  async ends(attempt: Attempt): Promise<void> {
    let isOver = false;
    const over = attempt.ended.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    await this.#within(over, () => isOver, `${attempt.what} neither resolved nor rejected`);
    await over;
  }

  async resolves(attempt: Attempt): Promise<void> {
    await this.ends(attempt);
    if (attempt.state === 'rejected') {
      assert.fail(`${attempt.what} rejected and should have resolved: ${toError(attempt.reason).message}`);
    }
  }

  async rejects(attempt: Attempt): Promise<void> {
    await this.ends(attempt);
    assert.equal(attempt.state, 'rejected', `${attempt.what} resolved and should have rejected`);
  }

  async rejectsWith(attempt: Attempt, reason: unknown): Promise<void> {
    await this.rejects(attempt);
    assert.strictEqual(
      attempt.reason,
      reason,
      `${attempt.what} should have rejected with the signal's reason, unchanged`,
    );
  }

  /**
   * To be called right after an abort or a stop: whether the start has to reject. One that is ready within three turns
   * was past its last look at the signal; one that is still pending then has no excuse.
   */
  async hasToGiveUp(start: Attempt): Promise<boolean> {
    await turns(3);
    return start.state === 'pending';
  }

  async gaveUp(start: Attempt): Promise<void> {
    await this.ends(start);
    assert.equal(
      start.state,
      'rejected',
      `${start.what} was asked to give up while it was pending, and went on until it was ready`,
    );
  }

  /** The service died and told it. */
  async hasFailed(): Promise<void> {
    await this.#within(
      this.service.failed,
      () => this.#failed !== 'pending',
      'failed did not tell that the service died',
    );
    assert.equal(this.#failed, 'resolved', 'failed rejected; it resolves with the error');
    assert.ok(toError(this.#failure) === this.#failure, 'failed resolved with something that is not an Error');
  }

  async hasNotFailed(): Promise<void> {
    await turns(2);
    assert.equal(this.#failed, 'pending', `failed ${this.#failed}, though the service did not die by itself`);
  }

  /** Nothing of the service is left, and nothing comes back. */
  async isGone(): Promise<void> {
    const { clock, patienceMs = 10_000 } = this.#options;
    const giveUp = Deadline.after(patienceMs);
    await turns(2);
    // What goes by sockets or threads takes its time; on a virtual clock there is nothing to wait for.
    while (clock === undefined && !(await this.#isIdle()) && !giveUp.hasPassed) await turns(1);
    assert.ok(await this.#isIdle(), 'something of the service was left behind');
    await turns(8);
    assert.ok(await this.#isIdle(), 'something of the service came back after it was gone');
  }

  /** The end of every case: stops, and looks at everything that a stopped service must not do. */
  async finish(): Promise<void> {
    await this.resolves(this.stop());
    await this.isGone();
    assert.notEqual(this.#failed, 'rejected', 'failed rejected; it resolves with the error or stays pending');
  }

  async #isIdle(): Promise<boolean> {
    const { clock } = this.#options;
    if (clock !== undefined && clock.pendingTimers > this.#timersBefore) return false;
    return (await this.#options.isIdle?.()) ?? true;
  }

  #attempt(what: string, call: () => Promise<void>): Attempt {
    let promise: Promise<void>;
    try {
      promise = call();
    } catch (error) {
      return assert.fail(`${what} threw instead of returning a promise that rejects: ${toError(error).message}`);
    }
    const attempt: Attempt = {
      what,
      state: 'pending',
      ended: promise.then(
        () => {
          attempt.state = 'resolved';
        },
        (reason: unknown) => {
          attempt.state = 'rejected';
          attempt.reason = reason;
        },
      ),
    };
    return attempt;
  }

  async #within(work: Promise<unknown>, isOver: () => boolean, complaint: string): Promise<void> {
    const { clock, patienceMs = 10_000 } = this.#options;
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    if (clock === undefined) {
      assert.ok(await Deadline.after(patienceMs).wait(settled), `${complaint} within ${patienceMs} ms`);
      return;
    }
    await clock.advance(0);
    for (const until = clock.monotonic() + patienceMs; !isOver(); ) {
      assert.ok(clock.monotonic() < until, `${complaint} within ${patienceMs} ms`);
      await clock.advance(Math.max(1, Math.min(clock.nextTimerIn ?? patienceMs, until - clock.monotonic())));
    }
  }
}
