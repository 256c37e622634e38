import { memoryTransport } from '@ctq/messaging';
import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { Ctq } from '../app/ctq.js';
import { memoryBackend } from '../backend/memory-backend.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { AnySignature } from './signature.js';

describe('a signature of a task', () => {
  it('has its arguments, and may be immutable [CV-007, CV-008]', () => {
    const { add } = new CanvasScene();
    const empty = { task: 'add', kwargs: {}, options: {}, subtask_type: null };
    expect(add.s(1, 2).serialize()).toEqual({ ...empty, args: [1, 2], immutable: false });
    expect(add.si(1, 2).serialize()).toEqual({ ...empty, args: [1, 2], immutable: true });
  });

  it('is sent with what it is given in front, by name when the task is not known here [CV-022, CV-313]', async () => {
    const sent: string[] = [];
    await using app = new Ctq('client', {
      broker: memoryTransport(),
      backend: memoryBackend(),
      interceptors: [
        {
          name: 'recorder',
          publish: (call, next) => {
            sent.push(`${call.task} ${call.id} ${new TextDecoder().decode(call.message.body)}`);
            return next(call);
          },
        },
      ],
    });
    const add = app.task('add', (x: number, y: number) => x + y);
    const known = await add.s(2).delay(1);
    const unknown = await app.signature('elsewhere', [2]).applyAsync([1]);
    expect(sent.map((line) => line.slice(0, line.indexOf(',{}')))).toEqual([
      `add ${known.id} [[1,2]`,
      `elsewhere ${unknown.id} [[1,2]`,
    ]);
    expect(await unknown.state()).toBe('PENDING');
  });

  it('that is immutable takes no arguments but every option [CV-012]', async () => {
    const { add, ran } = new CanvasScene();
    const result = await add.si(1, 1).set({ priority: 3 }).applyAsync([5, 5], { shadow: 'sum' });
    expect(await result.get()).toBe(2);
    expect(ran).toMatchObject([{ args: [1, 1], shadow: 'sum' }]);
  });

  it('has the options that were set, the last ones over those before [CV-303]', () => {
    const { add } = new CanvasScene();
    const signature = add.s(1).set({ queue: 'slow', priority: 3 }).set({ priority: 5 });
    expect(signature.serialize().options).toEqual({ queue: 'slow', priority: 5 });
  });

  it('has each continuation once, also where a sender wrote one without a list [CV-017, CV-300, CV-304]', async () => {
    const { app, add, fail, note, seen } = new CanvasScene();
    const twice = add.s(1, 1).link(note.s()).link(note.s()).linkError(note.s()).linkError(note.s());
    expect(twice.serialize().options).toEqual({ link: [note.s().serialize()], link_error: [note.s().serialize()] });
    const scalar = { ...add.s(1, 1).serialize(), options: { link: note.s().serialize() } };
    await app.signature(scalar).link(note.si('other')).delay();
    expect(seen).toEqual([2, 'other']);
    seen.length = 0;
    const failed = await fail.s('x').linkError(note.s()).linkError(note.s()).delay();
    expect(seen).toEqual([failed.id]);
  });
});

describe('a workflow in its travelling form', () => {
  it('comes back as what it was [CV-332, CV-368]', async () => {
    const { app, add, total } = new CanvasScene();
    const sums = [add.s(1, 1), add.s(2, 2)] as const;
    const workflows = [
      chain(add.s(1, 1), add.s(2)),
      group(sums),
      chord(sums, total.s()),
      chord([chord(sums, total.s()), add.s(1, 1)], total.s()),
      chord([chord([chord(sums, total.s())], total.s())], chain(total.s(), add.s(1))),
      chain(add.s(1, 1), chord([add.s(1), chain(add.s(1), add.s(2))], total.s()), add.s(1)),
    ];
    for (const workflow of workflows) {
      const read = app.signature(JSON.parse(JSON.stringify(workflow.serialize())));
      expect(read.kind).toBe(workflow.kind);
      expect(read.serialize()).toEqual(workflow.serialize());
      expect(await (await read.delay()).get()).toEqual(await (await workflow.applyAsync()).get());
    }
  });

  it('may be what a task returns, for the next one to read [CV-286]', async () => {
    const { app, add, total } = new CanvasScene();
    const read = app.task('read', (serialized: unknown) =>
      app.signature(serialized as Parameters<typeof app.signature>[0] & object).serialize(),
    );
    const kinds = {
      chain: (inner: AnySignature) => chain(inner, add.si(1, 1)),
      group: (inner: AnySignature) => group([inner, add.s(1, 1)]),
      chord: (inner: AnySignature) => chord([inner, add.si(1, 1)], add.si(2, 2)),
    };
    const inners = [chain(add.s(1, 1), add.s(2)), group([add.s(1, 1)]), chord([add.s(1, 1)], total.s())];
    for (const [kind, outer] of Object.entries(kinds)) {
      for (const inner of inners) {
        const workflow = outer(inner).serialize();
        const write = app.task(`write ${kind} of ${inner.kind}`, () => workflow as unknown);
        const result = await chain(write.s(), read.s()).delay();
        expect(await result.get()).toEqual(workflow);
        expect(workflow.subtask_type).toBe(kind);
      }
    }
  });

  it('may be plain dictionaries all the way down [CV-326]', async () => {
    const { app } = new CanvasScene();
    const plain = (task: string, args: unknown[], kwargs = {}): Parameters<typeof app.signature>[0] => ({
      task,
      args,
      kwargs,
      options: {},
      subtask_type: task.startsWith('celery.') ? task.slice(7) : null,
      immutable: false,
    });
    const members = { tasks: [plain('add', [1]), plain('add', [2])] };
    const links = [plain('add', [1, 1]), plain('celery.group', [], members), plain('total', [])];
    const result = await app.signature(plain('celery.chain', [], { tasks: links })).delay();
    expect(await result.get()).toBe(7);
  });
});
