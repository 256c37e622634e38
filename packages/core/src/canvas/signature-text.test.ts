import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';

function setup() {
  const { app, add } = new CanvasScene();
  return { app, add, sum: app.task('shop.sum', (numbers: readonly number[]) => numbers.length) };
}

describe('a signature as text, as Celery writes it', () => {
  it('is a call [CV-026]', () => {
    const { app, add } = setup();
    expect(String(add.s(2, 2))).toBe('add(2, 2)');
    expect(String(add.s())).toBe('add()');
    expect(String(app.signature('add', ['a', null, true, [1]], { y: 4 }))).toBe("add('a', None, True, [1], y=4)");
    expect(String(app.signature('add', [], { x: 1, y: 2 }))).toBe('add(x=1, y=2)');
  });

  it('is a chain, a group or a chord of calls [CV-026, CV-348, CV-366]', () => {
    const { app, add, sum } = setup();
    const header = [add.s(1, 1), add.s(2, 2)];
    expect(String(chain(add.s(2, 2), add.s(4)))).toBe('add(2, 2) | add(4)');
    expect(String(add.s(2, 2).pipe(chain(add.s(4), add.s(8))))).toBe('add(2, 2) | add(4) | add(8)');
    expect(String(group(header))).toBe('group([add(1, 1), add(2, 2)])');
    expect(String(chord(header, sum.s()))).toBe('%shop.sum([add(1, 1), add(2, 2)])');
    expect(String(chord(header, app.signature('shop.sum', [5])))).toBe('%shop.sum([add(1, 1), add(2, 2)], 5)');
    expect(String(chord(header, chain(sum.s(), add.s(4), add.s(5))))).toBe(
      '%(shop.sum([add(1, 1), add(2, 2)]) | add(4) | add(5))',
    );
    expect(String(chord([add.s(1, 1)], group([sum.s(), sum.s()])))).toBe(
      'group([add(1, 1)]) | group([shop.sum(), sum()])',
    );
  });

  it('is what there is none of [CV-026, CV-348]', () => {
    const { app } = setup();
    const empty = (type: string) => ({
      ...{ task: `celery.${type}`, args: [], kwargs: { tasks: [] }, options: {} },
      ...{ subtask_type: type, immutable: false },
    });
    expect(String(app.signature(empty('group')))).toBe('group(<empty>)');
    expect(String(app.signature(empty('chain')))).toBe('<empty chain>');
  });

  it('has the module of the first task once [CV-321]', () => {
    const { app } = setup();
    const [total, price, other] = ['shop.total', 'shop.price', 'depot.total'].map((name) => app.signature(name, [1]));
    const steps = [total, price, other, total].flatMap((step) => step ?? []);
    expect(String(chain(steps))).toBe('shop.total(1) | price(1) | depot.total(1) | total(1)');
    expect(String(group(steps))).toBe('group([shop.total(1), price(1), depot.total(1), total(1)])');
  });

  it('is one over items', () => {
    const { add } = setup();
    expect(String(add.starmap([[1, 2]]))).toBe('[add(*x) for x in [[1, 2]]]');
    expect(String(add.chunks([[1, 2]], 10))).toBe('[add(*x) for x in [[1, 2]]] in chunks of 10');
  });

  it('shows what logs are to show in place of secrets', () => {
    const { add } = setup();
    expect(String(add.s(1, 2).set({ argsRepr: "('***',)" }))).toBe("add(*('***',))");
  });
});
