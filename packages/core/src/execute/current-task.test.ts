import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { chain } from '../canvas/chain.js';
import { group } from '../canvas/group.js';
import { SyncSubtaskError } from '../errors/result-errors.js';
import { allowJoinResult, currentTask } from './current-task.js';

const app = new Ctq('shop', { taskAlwaysEager: true });
const add = app.task('add', (x: number, y: number) => x + y);
const failureOf = async (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('waiting for a result inside of a task', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['get', async () => (await add.delay(1, 1)).get()],
    ['get of a group', async () => (await group([add.s(1, 1), add.s(2, 2)]).delay()).get()],
    ['join', async () => (await group([add.s(1, 1)]).delay()).join()],
    ['iterNative', async () => (await group([add.s(1, 1)]).delay()).iterNative().next()],
    ['watch', async () => (await add.delay(1, 1)).watch().next()],
    ['collect', async () => (await add.delay(1, 1)).collect().next()],
    ['getLeaf', async () => (await add.delay(1, 1)).getLeaf()],
  ])('is refused: %s [TR-176, TR-109, WK-078]', async (name, wait) => {
    const waiting = app.task(`waiting.${name}`, wait);
    expect(SyncSubtaskError.isInstance(await failureOf((await waiting.delay()).get()))).toBe(true);
  });

  test('is allowed where the task says so [TR-176]', async () => {
    const asking = app.task('asking', async () => (await add.delay(1, 1)).get({ disableSyncSubtasks: false }));
    expect(await (await asking.delay()).get()).toBe(2);
    const allowed = app.task('allowed', async () => {
      const value = await allowJoinResult(async () => (await group([add.s(1, 1), add.s(2, 2)]).delay()).get());
      const after = await failureOf((await add.delay(1, 1)).get());
      return [value, SyncSubtaskError.isInstance(after)];
    });
    expect(await (await allowed.delay()).get()).toEqual([[2, 4], true]);
  });

  test('is refused after an await, in what the task calls, and not outside of it', async () => {
    const later = app.task('later', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return (await add.delay(1, 1)).get();
    });
    const results = await Promise.all([later.delay(), add.delay(1, 2)]);
    expect(SyncSubtaskError.isInstance(await failureOf(results[0].get()))).toBe(true);
    expect(await results[1].get()).toBe(3);
    expect(allowJoinResult(() => currentTask())).toBeUndefined();
  });

  test('is refused in a function that only now and then waits, from its second promise on, and noted in the right task', async () => {
    let waits = false;
    const moody = app.task('moody', () =>
      waits ? add.delay(1, 1).then((result) => result.get()) : currentTask()?.request.task,
    );
    expect(await (await moody.delay()).get()).toBe('moody');
    expect(await (await moody.delay()).get()).toBe('moody');
    expect(currentTask()).toBeUndefined();
    waits = true;
    await failureOf((await moody.delay()).get());
    expect(SyncSubtaskError.isInstance(await failureOf((await moody.delay()).get()))).toBe(true);
  });

  test('is no matter for reading what is there', async () => {
    const looking = app.task('looking', async () => {
      const result = await add.delay(1, 1);
      return [await result.state(), await result.exists(), await result.result()];
    });
    expect(await (await looking.delay()).get()).toEqual(['SUCCESS', true, 2]);
  });
});

describe('the current task', () => {
  test('is known to whatever its function calls, and to nothing else', async () => {
    const names = (): readonly (string | undefined)[] => [currentTask()?.request.task, currentTask()?.request.id];
    const naming = app.task('naming', async () => {
      await Promise.resolve();
      return names();
    });
    const result = await naming.delay();
    expect(await result.get()).toEqual(['naming', result.id]);
    expect(names()).toEqual([undefined, undefined]);
  });

  test('has what it sent as its children, with what followed it [CV-148, TR-130, BK-013]', async () => {
    const sent: string[] = [];
    const spawn = app.task('spawn', async (_n: number) => {
      sent.push((await add.delay(1, 1)).id, (await app.sendTask('add', [1, 2])).id);
      sent.push((await group([add.s(1, 1), add.s(2, 2)]).delay()).id);
      return 5;
    });
    const result = await chain(spawn.s(1), add.s(1)).delay();
    expect(await result.get()).toBe(6);
    const children = (await result.parent?.children()) ?? [];
    expect(children.map(({ id }) => id)).toEqual([...sent, result.id]);
    const last = children[2];
    expect(last !== undefined && 'results' in last && (await last.get())).toEqual([2, 4]);
    expect(await result.children()).toEqual([]);
  });

  test('that failed has its children too', async () => {
    const failing = app.task('failing', async () => {
      await add.delay(1, 1);
      throw new TypeError('no');
    });
    const result = await failing.delay();
    expect(await result.children()).toHaveLength(1);
  });
});
