import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { type CapturedMessage, capturedMessages } from '../__fixtures__/captured-messages.js';
import { Ctq } from '../app/ctq.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import type { SerializedSignature } from './serialized-signature.js';

/** Chords that Celery has frozen as later steps, with what they give for 2 from the step before. */
const laterSteps: Readonly<Record<string, number>> = { chain_with_chord: 18, chain_group_chain: 10 };
const captured = capturedMessages('canvas').filter(({ vector }) => vector.name in laterSteps);

interface Embed {
  readonly chain: readonly SerializedSignature[] | null;
}

/** What follows the captured task, as it stands in the message. */
function nextStepOf({ decodedBody }: CapturedMessage): SerializedSignature {
  const [, , { chain: steps }] = decodedBody as readonly [unknown, unknown, Embed];
  const next = steps?.at(-1);
  if (next === undefined) throw new Error('Nothing follows it.');
  return next;
}

/** The id under which the sender waits for a signature that it has frozen. */
function lastIdOf({ subtask_type: kind, kwargs, options }: SerializedSignature): unknown {
  if (kind === 'chord') return lastIdOf(kwargs['body'] as SerializedSignature);
  const last = kind === 'chain' ? (kwargs['tasks'] as readonly SerializedSignature[]).at(-1) : undefined;
  return last === undefined ? options['task_id'] : lastIdOf(last);
}

function wireApp(): Ctq {
  const app = new Ctq('wire', { taskAlwaysEager: true });
  app.task('wire.add', (x: number, y: number) => x + y);
  app.task('wire.mul', (x: number, y: number) => x * y);
  app.task('wire.xsum', (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0));
  return app;
}

describe('a chord that Celery has frozen as a later step of a chain', () => {
  it('was captured', () => {
    expect(new Set(captured.map(({ vector }) => vector.name))).toEqual(new Set(Object.keys(laterSteps)));
  });

  it.each(captured)('ends under the id of its body, not of its header: $title [CV-092, CV-105]', async (message) => {
    const step = nextStepOf(message);
    const result = await wireApp().signature(step).delay(2);
    expect(result.id).toBe(lastIdOf(step));
    expect(await result.get()).toBe(laterSteps[message.vector.name]);
  });
});

describe('a chord as a later step of a chain', () => {
  it('has the id of its body in its options: Python stores under it that a step before has failed, and cannot go on where there is none [CV-069]', async () => {
    const { add, total, ran } = new CanvasScene();
    for (const body of [total.s(), chain(total.s(), add.s(1))]) {
      const result = await chain(add.s(1, 1), chord([add.s(1), add.s(2)], body)).delay();
      expect(ran[0]?.chain?.map(({ options }) => options['task_id'])).toEqual([result.id]);
      ran.length = 0;
    }
  });
});

describe('a chain that Celery has frozen as the body of a chord', () => {
  it('ends under the id of its last step, whatever its own is', async () => {
    const { app, add, ran } = new CanvasScene();
    const steps = chain(add.s(1, 1), add.s(1).set({ taskId: 'of the last step' })).serialize();
    const frozen: SerializedSignature = { ...steps, options: { task_id: 'of the chain' } };
    expect((await app.signature(frozen).delay()).id).toBe('of the last step');
    expect(ran.at(-1)?.id).toBe('of the last step');
  });

  it('ends under the id of the body, where its last step is a chord [CV-092, CV-248]', async () => {
    const app = wireApp();
    const add = (x: number, id: string) => app.signature('wire.add', [x], {}, { taskId: id });
    const last = chord([add(1, 'a'), add(2, 'b')], app.signature('wire.xsum', [], {}, { taskId: 'of the body' }));
    const steps = chain(app.signature('wire.add', [1, 1]), last).serialize();
    const [first, step] = steps.kwargs['tasks'] as readonly [SerializedSignature, SerializedSignature];
    // As Python freezes it: the chord has the id of its header.
    const header = { ...(step.kwargs['header'] as SerializedSignature), options: { task_id: 'of the header' } };
    const frozenStep = { ...step, kwargs: { ...step.kwargs, header }, options: { task_id: 'of the header' } };
    const options = { task_id: 'of the chain' };
    const result = await app.signature({ ...steps, kwargs: { tasks: [first, frozenStep] }, options }).delay();
    expect(result.id).toBe('of the body');
    expect(await result.get()).toBe(7);
  });
});

describe('a chord at the end of a chain in the header of a chord', () => {
  it('travels with its place at the end of its body, where Python looks for it [CV-115]', async () => {
    const { add, total, ran } = new CanvasScene();
    const inner = chord([add.s(1), add.s(2)], chain(total.s(), add.s(10)));
    const result = await chord([chain(add.s(1, 1), inner), add.s(3, 3)], total.s()).delay();
    const [step] = ran[0]?.chain ?? [];
    expect(step?.options).not.toHaveProperty('chord');
    const body = step?.kwargs['body'] as SerializedSignature | undefined;
    const [first, last] = (body?.kwargs['tasks'] ?? []) as SerializedSignature[];
    expect(first?.options).not.toHaveProperty('chord');
    expect(last?.options).toMatchObject({ group_id: result.parent?.id, group_index: 0 });
    expect(last?.options['chord']).toMatchObject({ task: 'total', options: { task_id: result.id } });
    expect(await result.get()).toBe(23);
  });

  it('has it whoever froze the chain: a task, a chain or another chord is its body', async () => {
    const { app, add, total, ran } = new CanvasScene();
    for (const body of [total.s(), chain(total.s(), add.s(0)), chord([total.s()], total.s())]) {
      await chord([chain(add.s(1, 1), chord([add.s(1), add.s(2)], body)), add.s(3, 3)], total.s()).delay();
      const [step] = ran.find(({ chain: steps }) => steps !== null)?.chain ?? [];
      if (step === undefined) throw new Error('Nothing follows it.');
      // As it comes out of a message and goes into the next one.
      expect(app.signature(step).serialize()).toEqual(step);
      expect(ran.at(-1)?.args).toEqual([[7, 6]]);
      ran.length = 0;
    }
  });
});
