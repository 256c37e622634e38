import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from '../canvas/chain.js';
import { chord } from '../canvas/chord.js';
import { group } from '../canvas/group.js';

describe('replacing a task that is run in place', () => {
  it('runs the replacement at once, whose result the task is given [CV-121]', async () => {
    const { app, add, ran } = new CanvasScene();
    const doubled = app.task('doubled', { bind: true }, async (ctx, x: number) => {
      const sum = await ctx.replace(chain(add.s(x, 1), add.s(10)));
      return 2 * sum;
    });
    const result = await doubled.delay(4);
    expect(await result.get()).toBe(30);
    expect(ran.map(({ task, rootId, replacedTaskNesting }) => [task, rootId, replacedTaskNesting])).toEqual([
      ['doubled', result.id, 0],
      ['add', result.id, 1],
      ['add', result.id, 1],
    ]);
  });

  it('of a group gives the list, also where results are ignored [CV-117, CV-121]', async () => {
    const { app, add, same, note, seen } = new CanvasScene();
    app.configFromObject({ taskIgnoreResult: true });
    const spread = app.task('spread', { bind: true }, (ctx) => ctx.replace(group([add.s(1, 2), same.s('x')])));
    await chain(spread.s(), note.s()).delay();
    expect(seen).toEqual([[3, 'x']]);
  });

  it('goes on with what follows the task, once [CV-121]', async () => {
    const { app, add, note, total, seen } = new CanvasScene();
    const replaced = app.task('replaced', { bind: true }, (ctx, x: number) => ctx.replace(add.s(x, 1)));
    const steps = chain(replaced.s(1).link(note.s()), add.s(100));
    expect(await (await steps.delay()).get()).toBe(102);
    expect(seen).toEqual([2]);
    expect(await (await chord([replaced.s(1), replaced.s(2)], total.s()).delay()).get()).toBe(5);
  });

  it('fails as the replacement does', async () => {
    const { app, fail, note, seen } = new CanvasScene();
    const replaced = app.task('replaced', { bind: true }, (ctx) => ctx.replace(fail.s('broken')));
    const result = await replaced.applyAsync([], { linkError: note.si('told') });
    await expect(result.get()).rejects.toThrow('broken');
    expect(seen).toEqual(['told']);
  });

  it('is ignored as the replacement is', async () => {
    const { app, ignore } = new CanvasScene();
    const replaced = app.task('replaced', { bind: true }, (ctx) => ctx.replace(ignore.s()));
    expect(await (await replaced.delay()).state()).toBe('PENDING');
  });

  it('is refused where the function is called itself: there is nothing that could be replaced', async () => {
    const { app, add } = new CanvasScene();
    const replaced = app.task('replaced', { bind: true }, (ctx) => ctx.replace(add.s(1, 2)));
    await expect(replaced()).rejects.toMatchObject({
      code: 'CTQ_REPLACEMENT',
      message: 'replaced was called in place, so nobody waits for its id.',
    });
  });
});

describe('adding to a chord that is run in place', () => {
  it('runs what is added at once', async () => {
    const { app, add, total } = new CanvasScene();
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await ctx.addToChord(add.s(1, 2));
      return 10;
    });
    expect(await (await chord([adding.s(), add.s(100, 0)], total.s()).delay()).get()).toBe(113);
  });

  it('waits for what is added though it fails', async () => {
    const { app, fail, total } = new CanvasScene();
    app.configFromObject({ taskEagerPropagates: true });
    const adding = app.task('adding', { bind: true }, async (ctx) => {
      await ctx.addToChord(fail.s('broken')).catch(() => undefined);
      return 10;
    });
    const result = await chord([adding.s()], total.s()).delay();
    await expect(result.get()).rejects.toThrow(/raised TypeError\('broken'\)/);
  });
});
