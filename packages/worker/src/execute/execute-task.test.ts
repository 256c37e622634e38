import {
  type AppOptions,
  chain,
  Ignore,
  MaxRetriesExceededError,
  Reject,
  type ResultRecord,
  type TaskContext,
  WorkerLostError,
} from '@ctq/core';
import { memoryBackend, type ResultBackend } from '@ctq/core/backend';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from '../__fixtures__/worker-scene.js';
import { asyncPool } from '../pool/async-pool.js';
import type { PoolFactory } from '../pool/pool.js';

class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
}

describe('A task that ends', () => {
  test('with success is told, stored and acknowledged [TR-216, TR-291, TR-292, TR-298]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    const result = await add.delay(2, 3);
    expect(await result.get({ timeout: 10 })).toBe(5);
    const received = await scene.line(/received/);
    expect(received.message).toBe(`Task add[${result.id}] received`);
    const call = { id: result.id, name: 'add', args: '(2, 3)', kwargs: '{}' };
    expect(received.fields['data']).toEqual({ ...call, eta: null });
    const { level, message, fields } = await scene.line(/succeeded/);
    expect(message).toMatch(new RegExp(`^Task add\\[${result.id}\\] succeeded in [\\d.e-]+s: 5$`));
    expect(level).toBe('info');
    expect(fields['data']).toEqual({ ...call, runtime: expect.any(Number), return_value: '5' });
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('with an error has failed: ERROR with the stack, or INFO when the task says that it throws it [TR-052, TR-217, TR-293]', async () => {
    await using scene = new WorkerScene();
    const boom = scene.app.task('boom', () => {
      throw new RangeError('too far');
    });
    const sold = scene.app.task('sold', { throws: [OutOfStock] }, () => {
      throw new OutOfStock('none left');
    });
    await scene.start();
    await expect((await boom.delay()).get({ timeout: 10 })).rejects.toThrow('too far');
    const soldResult = await sold.delay();
    await expect(soldResult.get({ timeout: 10 })).rejects.toThrow('none left');
    expect(await soldResult.state()).toBe('FAILURE');
    const unexpected = await scene.line(/boom.*raised unexpected: RangeError\('too far'\)$/);
    expect(unexpected.level).toBe('error');
    expect(unexpected.fields['err']).toBeInstanceOf(RangeError);
    const expected = await scene.line(/sold.*raised expected: OutOfStock\('none left'\)$/);
    expect(expected.level).toBe('info');
    expect(expected.fields).not.toHaveProperty('err');
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

  test('with ignore keeps the state that it has, and nothing follows it [TR-148]', async () => {
    await using scene = new WorkerScene();
    const seen: string[] = [];
    const note = scene.app.task('note', (what: string) => seen.push(what));
    const task = scene.app.task('halfway', { bind: true }, async (ctx) => {
      await ctx.updateState('HALFWAY', { done: 5 });
      throw new Ignore();
    });
    const worker = await scene.start();
    const follow = { link: note.si('link'), linkError: note.si('errback') };
    const result = await task.applyAsync([], follow);
    await scene.line(new RegExp(`Task halfway\\[${result.id}\\] ignored`));
    const { parent } = await chain(task.si(), note.si('chain')).delay();
    await scene.line(new RegExp(`Task halfway\\[${parent?.id}\\] ignored`));
    await worker.stop();
    expect(await result.record()).toMatchObject({ status: 'HALFWAY', result: { done: 5 } });
    expect(seen).toEqual([]);
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

  test('in an error with acksOnFailureOrTimeout off is rejected without requeue [TR-049, TR-217]', async () => {
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

  test.each([
    [{}, { trackStarted: true }],
    [{ taskTrackStarted: true }, {}],
  ])('STARTED is stored with pid and host where %j and %j ask for it [TR-047]', async (settings, options) => {
    await using scene = new WorkerScene(settings);
    const open = deferred();
    const task = scene.app.task('tracked', options, () => open.promise);
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

  test('is not STARTED where nobody asks for it [TR-047]', async () => {
    await using scene = new WorkerScene({ taskTrackStarted: true });
    const open = deferred();
    const task = scene.app.task('untracked', { trackStarted: false }, () => open.promise);
    await scene.start();
    const result = await task.delay();
    await scene.line(/accepted/);
    await scene.clock.advance(0);
    expect(await result.state()).toBe('PENDING');
    open.resolve();
    await result.get({ timeout: 10 });
  });

  test('is stored with its call when results are extended, else without [TR-172]', async () => {
    const recordOf = async (settings: AppOptions): Promise<ResultRecord | undefined> => {
      await using scene = new WorkerScene(settings);
      scene.app.task('add', { params: ['x', 'y'] }, (x: number, y: number) => x + y);
      await scene.start({ queues: ['sums'] });
      const result = await scene.app.sendTask('add', [1], { y: 2 }, { queue: 'sums' });
      await result.get({ timeout: 10 });
      return await result.record();
    };
    expect((await recordOf({ resultExtended: true }))?.extended).toEqual({
      ...{ name: 'add', args: [1], kwargs: { y: 2 }, worker: 'w1@host', retries: 0, queue: 'sums' },
    });
    expect(await recordOf({})).not.toHaveProperty('extended');
  });

  test('goes by its shadow in the log, and by its name for the rest [TR-089]', async () => {
    await using scene = new WorkerScene();
    const add = scene.app.task('add', (x: number, y: number) => x + y);
    await scene.start();
    const result = await add.applyAsync([2, 3], { shadow: 'sum of order 7' });
    expect(await result.get({ timeout: 10 })).toBe(5);
    await scene.line(new RegExp(`^Task sum of order 7\\[${result.id}\\] received`));
    await scene.line(new RegExp(`^Task sum of order 7\\[${result.id}\\] succeeded`));
  });
});

describe('What a task returned', () => {
  test('is shown in the log by its first 1024 characters, or as many as the task says [TR-056, TR-214]', async () => {
    await using scene = new WorkerScene();
    const long = 'x'.repeat(2_000);
    const usual = scene.app.task('usual', () => long);
    const brief = scene.app.task('brief', { resultReprMaxSize: 40 }, () => long);
    await scene.start();
    for (const [task, limit] of [
      [usual, 1_024],
      [brief, 40],
    ] as const) {
      const { id } = await task.delay();
      const { message, fields } = await scene.line(new RegExp(`${id}\\] succeeded`));
      const shown = (fields['data'] as { return_value: string }).return_value;
      expect(message.endsWith(`: ${shown}`)).toBe(true);
      expect(shown).toBe(`'${'x'.repeat(limit)}...'`);
    }
  });
});

describe('A task that knows its message', () => {
  test('has its properties and how it was delivered [TR-124, TR-125]', async () => {
    await using scene = new WorkerScene();
    const telling = scene.app.task('telling', { bind: true }, ({ request: { properties, replyTo, deliveryInfo } }) => [
      ...[properties?.correlationId, properties?.replyTo, replyTo, properties?.appId],
      deliveryInfo,
    ]);
    await scene.start();
    const options = { replyTo: 'answers', priority: 3, properties: { appId: 'shop' } };
    const result = await telling.applyAsync([], options);
    expect(await result.get({ timeout: 10 })).toEqual([
      ...[result.id, 'answers', 'answers', 'shop'],
      { exchange: '', routingKey: 'celery', priority: 3, redelivered: false },
    ]);
  });
});

describe('A task whose process was lost', () => {
  test('goes back to its queue, and nobody is told [TR-219]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('deadly', () => 'second time');
    await scene.start({ pool: losingFirst() });
    const result = await task.delay();
    expect(await result.get({ timeout: 10 })).toBe('second time');
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
  });

  test('has failed with WorkerLostError when rejectOnWorkerLost is off [TR-219]', async () => {
    await using scene = new WorkerScene();
    const task = scene.app.task('deadly', { rejectOnWorkerLost: false }, () => 'second time');
    await scene.start({ pool: losingFirst() });
    const error = await (await task.delay()).get({ timeout: 10 }).catch((thrown: unknown) => thrown);
    expect(WorkerLostError.isInstance(error)).toBe(true);
    await scene.clock.advance(0);
    expect(await scene.waiting()).toBe(0);
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
    expect((await scene.line(/retry: Retry in 0s: Error\('not yet'\)$/)).level).toBe('info');
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
  test('a countdown is waited for in the broker, not in the worker [WK-035]', async () => {
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
  test('acknowledges before the task runs; a cold shutdown cancels it [TR-215, TR-226, WK-096]', async () => {
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

  test('with acksOnFailureOrTimeout off a timeout goes back to its queue, and nobody is told [TR-049, TR-218]', async () => {
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

  test('those of the message win over those of the task [TR-039, TR-230]', async () => {
    await using scene = new WorkerScene();
    const slow = scene.app.task('slow', { timeLimit: 300 }, () => new Promise<void>(() => undefined));
    await scene.start();
    const result = await slow.applyAsync([], { timeLimit: 5 });
    await scene.line(/accepted: slow/);
    await scene.clock.advance(5_000);
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/5s/);
  });

  test('those of the task win over those of the settings [TR-039, TR-230]', async () => {
    await using scene = new WorkerScene({ taskTimeLimit: 60, taskSoftTimeLimit: 20 });
    const endless = (ctx: TaskContext): Promise<void> => {
      const softly = (): void => ctx.log.info(`${ctx.request.task} was asked to end`);
      ctx.signal.addEventListener('abort', softly, { once: true });
      return new Promise<void>(() => undefined);
    };
    const plain = scene.app.task('plain', { bind: true }, endless);
    const brisk = scene.app.task('brisk', { bind: true, timeLimit: 30, softTimeLimit: 10 }, endless);
    await scene.start();
    const results = [await plain.delay(), await brisk.delay()];
    await scene.line(/accepted: plain/);
    await scene.line(/accepted: brisk/);
    await scene.clock.advance(10_000);
    await scene.line(/brisk was asked to end/);
    await scene.clock.advance(10_000);
    await scene.line(/plain was asked to end/);
    await scene.clock.advance(10_000);
    await expect(results[1]?.get({ timeout: 10 })).rejects.toThrow(/30s/);
    expect(await results[0]?.state()).toBe('PENDING');
    await scene.clock.advance(30_000);
    await expect(results[0]?.get({ timeout: 10 })).rejects.toThrow(/1m|60s/);
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

  test('for good sends the message back to its queue [TR-294]', async () => {
    const { backend, fail } = flakyBackend();
    await using scene = new WorkerScene({ backend });
    const task = scene.app.task('again', () => 'kept');
    await scene.start();
    fail(15);
    const result = await task.delay();
    await scene.line(/Couldn't make the outcome/);
    await scene.clock.advance(120_000);
    expect((await scene.line(/INTERNAL ERROR.*it goes back to its queue/)).level).toBe('fatal');
    expect(await result.get({ timeout: 10 })).toBe('kept');
  });
});

describe('What cannot follow a task', () => {
  test('a callback that cannot be sent makes the task a failure, once', async () => {
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

/** A pool that tells of the first run that its process was lost. */
function losingFirst(): PoolFactory {
  return (context) => {
    const pool = asyncPool(context);
    const run = pool.run.bind(pool);
    let runs = 0;
    pool.run = async (execution, limits) => {
      runs += 1;
      if (runs > 1) return run(execution, limits);
      const error = new WorkerLostError('Its process was lost.');
      return { kind: 'failure', error, reason: 'worker-lost', runtimeMs: 1 };
    };
    return pool;
  };
}

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
