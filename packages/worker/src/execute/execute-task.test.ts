import { Ignore, MaxRetriesExceededError, Reject, type ResultRecord } from '@ctq/core';
import { memoryBackend, type ResultBackend } from '@ctq/core/backend';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';

class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
}

describe('A task that ends', () => {
  test('with success is told, stored and acknowledged [TR-216, TR-291, TR-292]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    const result = await add.delay(2, 3);
    expect(await result.get({ timeout: 10 })).toBe(5);
    expect((await scene.line(/received/)).message).toBe(`Task add[${result.id}] received`);
    const { level, message, fields } = await scene.line(/succeeded/);
    expect(message).toMatch(new RegExp(`^Task add\\[${result.id}\\] succeeded in [\\d.e-]+s: 5$`));
    expect(level).toBe('info');
    expect(fields['data']).toMatchObject({ id: result.id, name: 'add', return_value: '5' });
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('with an error has failed: ERROR with the stack, or INFO when the task says that it throws it [TR-217, TR-293]', async () => {
    await using scene = new WorkerScene();
    const boom = scene.app.task('boom', () => {
      throw new RangeError('too far');
    });
    const sold = scene.app.task('sold', { throws: [OutOfStock] }, () => {
      throw new OutOfStock('none left');
    });
    await scene.start();
    await expect((await boom.delay()).get({ timeout: 10 })).rejects.toThrow('too far');
    await expect((await sold.delay()).get({ timeout: 10 })).rejects.toThrow('none left');
    const unexpected = await scene.line(/boom.*raised unexpected: RangeError\('too far'\)$/);
    expect(unexpected.level).toBe('error');
    expect(unexpected.fields['err']).toBeInstanceOf(RangeError);
    const expected = await scene.line(/sold.*raised expected: OutOfStock\('none left'\)$/);
    expect(expected.level).toBe('info');
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('with something that is not an Error has failed all the same', async () => {
    await using scene = new WorkerScene();
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
    const odd = scene.app.task('odd', () => Promise.reject('just text'));
    await scene.start();
    await expect((await odd.delay()).get({ timeout: 10 })).rejects.toThrow(/just text/);
  });

  test.each<[string, () => unknown]>([
    ['a function', () => () => 1],
    ['an endless structure', () => endless()],
    ['a symbol in an object', () => ({ mark: Symbol('x') })],
  ])('with a result that cannot be stored, %s, has failed', async (_, run) => {
    await using scene = new WorkerScene();
    const task = scene.app.task('unstorable', run);
    await scene.start();
    const result = await task.delay();
    await expect(result.get({ timeout: 10 })).rejects.toThrow();
    expect(await result.state()).toBe('FAILURE');
  });

  test('with ignore leaves no result [TR-216, TR-295]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('nothing', () => {
      throw new Ignore();
    });
    await scene.start();
    const result = await task.delay();
    await scene.line(new RegExp(`Task nothing\\[${result.id}\\] ignored`));
    await scene.clock.advance(0);
    expect(await result.state()).toBe('PENDING');
    expect(await scene.waiting()).toBe(0);
  });

  test('with reject is dropped, or put back when it asks for that [TR-220, TR-295]', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const task = scene.app.task('picky', () => {
      runs += 1;
      throw new Reject('not now', { requeue: runs === 1 });
    });
    await scene.start();
    const result = await task.delay();
    expect((await scene.line(/reject requeue=True: not now/)).level).toBe('warn');
    await scene.line(/reject requeue=False: not now/);
    await scene.clock.advance(0);
    expect(runs).toBe(2);
    expect(await result.state()).toBe('PENDING');
    expect(await scene.waiting()).toBe(0);
  });

  test('in an error with acksOnFailureOrTimeout off is rejected without requeue [TR-217]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('strict', { acksOnFailureOrTimeout: false }, () => {
      throw new Error('no');
    });
    await scene.start();
    const result = await task.delay();
    await expect(result.get({ timeout: 10 })).rejects.toThrow('no');
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('STARTED is stored with pid and host when the task is tracked', async () => {
    await using scene = new WorkerScene();
    const open = deferred();
    const task = scene.app.task('tracked', { trackStarted: true }, () => open.promise);
    await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    await scene.clock.advance(0);
    expect(await result.record()).toMatchObject({
      status: 'STARTED',
      result: { pid: process.pid, hostname: 'w1@host' },
    });
    open.resolve();
    await result.get({ timeout: 10 });
  });
});

describe('Retries', () => {
  test('are sent again under the same id, and the message is acknowledged [TR-216, TR-296]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('flaky', { bind: true }, (ctx) => {
      if (ctx.request.retries < 2) ctx.retry({ countdown: 0, error: new Error('not yet') });
      return ctx.request.retries;
    });
    await scene.start();
    const result = await task.delay();
    expect(await result.get({ timeout: 10 })).toBe(2);
    expect((await scene.line(/retry: Retry in 0s: Error: not yet/)).level).toBe('info');
    expect(await scene.waiting()).toBe(0);
  });

  test('with a countdown wait for it, parked in the broker', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('later', { bind: true }, (ctx) =>
      ctx.request.retries === 0 ? ctx.retry({ countdown: 60 }) : 'done',
    );
    await scene.start();
    const result = await task.delay();
    await scene.line(/received {2}ETA:\[/);
    await scene.clock.advance(59_000);
    expect(await result.state()).toBe('RETRY');
    expect(await scene.waiting()).toBe(1);
    await scene.clock.advance(1_000);
    expect(await result.get({ timeout: 10 })).toBe('done');
  });

  test('of certain errors come by themselves, and end', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const task = scene.app.task('auto', { autoretryFor: [OutOfStock], maxRetries: 2, defaultRetryDelay: 0 }, () => {
      runs += 1;
      throw new OutOfStock('none');
    });
    await scene.start();
    await expect((await task.delay()).get({ timeout: 10 })).rejects.toThrow('none');
    expect(runs).toBe(3);
  });

  test('beyond the last one fail with MaxRetriesExceeded', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('stubborn', { bind: true, maxRetries: 1 }, (ctx) => ctx.retry({ countdown: 0 }));
    await scene.start();
    await expect((await task.delay()).get({ timeout: 10 })).rejects.toSatisfy((error) =>
      MaxRetriesExceededError.isInstance(error),
    );
  });
});

describe('Due and expiry times', () => {
  test('a countdown is waited for in the broker, not in the worker [TR-033]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start({ concurrency: 1, prefetchMultiplier: 1 });
    const later = await add.applyAsync([1, 1], { countdown: 30 });
    await scene.line(/received {2}ETA/);
    // The parked one takes no room.
    expect(await (await add.delay(2, 2)).get({ timeout: 10 })).toBe(4);
    expect(await later.state()).toBe('PENDING');
    await scene.clock.advance(30_000);
    expect(await later.get({ timeout: 10 })).toBe(2);
  });

  test('an expired task is revoked, and its message acknowledged [TR-221, TR-243, TR-244]', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const task = scene.app.task('late', () => {
      runs += 1;
    });
    const result = await task.applyAsync([], { expires: 10 });
    await scene.clock.advance(10_000);
    await scene.start();
    await expect(result.get({ timeout: 10 })).rejects.toThrow('expired');
    expect(await result.state()).toBe('REVOKED');
    expect((await scene.line(/Discarding revoked task/)).message).toBe(`Discarding revoked task: late[${result.id}]`);
    await scene.clock.advance(0);
    expect(runs).toBe(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('one that expires while it waits for a slot is not run either [TR-242]', async () => {
    await using scene = new WorkerScene();
    const open = deferred();
    const block = scene.app.task('block', () => open.promise);
    const late = scene.app.task('late', () => 'ran');
    await scene.start({ concurrency: 1, prefetchMultiplier: 0 });
    await block.delay();
    const result = await late.applyAsync([], { expires: 10 });
    await scene.line(/late.*received/);
    await scene.clock.advance(11_000);
    open.resolve();
    await expect(result.get({ timeout: 10 })).rejects.toThrow('expired');
  });
});

describe('Early acknowledgement', () => {
  test('acknowledges before the task runs [TR-215]', async () => {
    await using scene = new WorkerScene({ taskAcksLate: false });
    const open = deferred();
    const task = scene.app.task('early', () => open.promise);
    const worker = await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    // What is not acknowledged would come back.
    const ended = worker.terminate();
    await scene.clock.advance(5_000);
    await ended;
    expect(await scene.waiting()).toBe(0);
    expect(await result.state()).toBe('RETRY');
  });
});

describe('Time limits', () => {
  test('the hard one stores TimeLimitExceeded and frees the slot, though the task runs on [TR-232]', async () => {
    await using scene = new WorkerScene();
    const open = deferred<string>();
    const slow = scene.app.task('slow', { timeLimit: 30 }, () => open.promise);
    const quick = scene.app.task('quick', () => 'here');
    await scene.start({ concurrency: 1, prefetchMultiplier: 1 });
    const result = await slow.delay();
    await scene.line(/slow.*accepted|accepted: slow/);
    await scene.clock.advance(30_000);
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/30s/);
    expect(await (await quick.delay()).get({ timeout: 10 })).toBe('here');
    open.resolve('too late');
    await scene.line(/ended after its time limit; its outcome \(success\) is dropped/);
    expect(await result.state()).toBe('FAILURE');
  });

  test('with acksOnFailureOrTimeout off a timeout goes back to its queue, and nobody is told [TR-218]', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const slow = scene.app.task('slow', { timeLimit: 30, acksOnFailureOrTimeout: false }, () => {
      runs += 1;
      return runs === 1 ? new Promise<string>(() => undefined) : 'second time';
    });
    await scene.start();
    const result = await slow.delay();
    await scene.line(/accepted: slow/);
    await scene.clock.advance(30_000);
    expect(await result.get({ timeout: 10 })).toBe('second time');
    expect(runs).toBe(2);
  });

  test('those of the message win over those of the task [TR-230]', async () => {
    await using scene = new WorkerScene();
    const slow = scene.app.task('slow', { timeLimit: 300 }, () => new Promise<void>(() => undefined));
    await scene.start();
    const result = await slow.applyAsync([], { timeLimit: 5 });
    await scene.line(/accepted: slow/);
    await scene.clock.advance(5_000);
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/5s/);
  });

  test('the start tells which tasks have limits that this pool cannot enforce', async () => {
    await using scene = new WorkerScene();
    scene.app.task('shop.charge', { timeLimit: 30 }, () => undefined);
    scene.app.task('quick', () => undefined);
    await scene.start();
    const { level, message } = await scene.line(/cannot end the code of a task/);
    expect(level).toBe('warn');
    expect(message).toMatch(/: shop\.charge\. Run them in threads or processes/);
  });
});

describe('A result store that is away', () => {
  test('is tried again; the task is not run a second time', async () => {
    const { backend, fail } = flakyBackend();
    await using scene = new WorkerScene({ backend });
    let runs = 0;
    const task = scene.app.task('once', () => {
      runs += 1;
      return 'kept';
    });
    await scene.start();
    fail(3);
    const result = await task.delay();
    await scene.line(/Couldn't make the outcome of once/);
    await scene.clock.advance(60_000);
    expect(await result.get({ timeout: 10 })).toBe('kept');
    expect(runs).toBe(1);
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('for good sends the message back to its queue', async () => {
    const { backend, fail } = flakyBackend();
    await using scene = new WorkerScene({ backend });
    const task = scene.app.task('again', () => 'kept');
    await scene.start();
    fail(8);
    const result = await task.delay();
    await scene.line(/Couldn't make the outcome/);
    await scene.clock.advance(120_000);
    expect((await scene.line(/INTERNAL ERROR.*it goes back to its queue/)).level).toBe('fatal');
    expect(await result.get({ timeout: 10 })).toBe('kept');
  });
});

describe('What cannot follow a task', () => {
  test('a callback that cannot be sent makes the task a failure, once [TR-294]', async () => {
    await using scene = new WorkerScene();
    let runs = 0;
    const task = scene.app.task('first', () => {
      runs += 1;
      return 1;
    });
    const next = scene.app.task('next', (x: number) => x);
    await scene.start();
    const link = { serialize: () => ({ ...next.s().serialize(), options: { serializer: 'nonsense' } }) };
    const result = await task.applyAsync([], { link });
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/nonsense/);
    await scene.clock.advance(0);
    expect(runs).toBe(1);
    expect(await scene.waiting()).toBe(0);
  });
});

function endless(): unknown {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  return self;
}

/** A memory backend whose next writes fail as if the store were away. */
function flakyBackend(): { readonly backend: ResultBackend; readonly fail: (times: number) => void } {
  const inner = memoryBackend();
  let failures = 0;
  const backend: ResultBackend = {
    spec: 1,
    name: inner.name,
    url: inner.url,
    supports: inner.supports,
    ...(inner.notifier === undefined ? {} : { notifier: inner.notifier }),
    ...(inner.chords === undefined ? {} : { chords: inner.chords }),
    open: (context, signal) => inner.open(context, signal),
    close: () => inner.close(),
    getMany: (ids) => inner.getMany(ids),
    forget: (ids) => inner.forget(ids),
    store(records: readonly ResultRecord[]) {
      if (failures === 0) return inner.store(records);
      failures -= 1;
      return Promise.reject(new Error('The store is away.'));
    },
  };
  return {
    backend,
    fail: (times) => {
      failures = times;
    },
  };
}
