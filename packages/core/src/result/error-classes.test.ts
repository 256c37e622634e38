import { describe, expect, test } from 'vitest';
import { ErrorClasses, plainProperties } from './error-classes.js';
import { decodeError, encodeError } from './error-document.js';
import { rebuildError, storedError } from './stored-error.js';

class OutOfStock extends Error {
  readonly sku: string;
  readonly left: number;

  constructor(sku: string, left: number) {
    super(`${left} of ${sku} left`);
    this.name = 'OutOfStock';
    this.sku = sku;
    this.left = left;
  }

  get isGone(): boolean {
    return this.left === 0;
  }
}

class Unpaid extends OutOfStock {}

const classes = new ErrorClasses([OutOfStock]);

function throughTheWire(error: Error, worker: ErrorClasses, client: ErrorClasses): Error {
  const document = JSON.parse(JSON.stringify(encodeError(storedError(error, worker)))) as unknown;
  return rebuildError(decodeError(document), 'remote stack', 'id', { classes: client });
}

describe('an error of a listed class', () => {
  test('comes back as what it was: its class, members, cause and stack', () => {
    const cause = new RangeError('counted wrongly');
    const error = Object.assign(new OutOfStock('bolt', 0), { cause, code: 'E_STOCK', seen: [{ at: 'x' }] });
    const again = throughTheWire(error, classes, classes);
    expect(again).toBeInstanceOf(OutOfStock);
    expect(again).toMatchObject({
      name: 'OutOfStock',
      message: '0 of bolt left',
      sku: 'bolt',
      left: 0,
      code: 'E_STOCK',
    });
    expect(again).toHaveProperty('seen', [{ at: 'x' }]);
    expect((again as OutOfStock).isGone).toBe(true);
    expect(again.stack).toBe('remote stack');
    expect(again.cause).toBeInstanceOf(RangeError);
  });

  test('is a remote error to a client that does not list it, with its members', () => {
    const again = throughTheWire(new OutOfStock('bolt', 0), classes, new ErrorClasses());
    expect(again).toMatchObject({ name: 'OutOfStock', excModule: 'ctq.errors', properties: { sku: 'bolt', left: 0 } });
  });

  test('comes back without its members from a worker that does not list it', () => {
    const again = throughTheWire(new OutOfStock('bolt', 0), new ErrorClasses(), classes);
    expect(again).toBeInstanceOf(OutOfStock);
    expect(again).not.toHaveProperty('sku');
  });

  test('is exactly of that class: a subclass that is not listed is another one', () => {
    expect(throughTheWire(new Unpaid('bolt', 0), classes, classes)).not.toBeInstanceOf(OutOfStock);
  });

  test('takes nothing from a message that would change what it is', () => {
    const own = {
      className: 'OutOfStock',
      properties: {
        isGone: 'yes',
        toString: 'x',
        stack: 'x',
        message: 'x',
        sku: 'nut',
        constructor: 'x',
        ['__proto__']: 'x',
      },
    };
    const hostile = JSON.parse(JSON.stringify({ excType: 'OutOfStock', excMessage: ['m'], excModule: 'os', own }));
    const error = rebuildError(hostile, null, 'id', { classes });
    expect(Object.getPrototypeOf(error)).toBe(OutOfStock.prototype);
    expect([error.message, String(error), (error as OutOfStock).isGone]).toEqual(['m', 'Error: m', false]);
    expect(error).toMatchObject({ sku: 'nut' });
    expect(Object.keys(error)).toEqual(['sku']);
  });

  test.each(['constructor', '__proto__', 'toString', 'Function', 'hasOwnProperty', 'Unpaid', ''])(
    "a class called '%s' is not found by its name",
    (name) => {
      expect(classes.restore(name, { message: 'm', properties: {} })).toBeUndefined();
    },
  );
});

describe('a list of classes', () => {
  test('refuses classes that results could not tell apart', () => {
    const other = { OutOfStock: class OutOfStock extends Error {} }.OutOfStock;
    expect(() => new ErrorClasses([OutOfStock, other])).toThrow(/OutOfStock/);
    expect(() => new ErrorClasses([class extends Error {}])).toThrow(TypeError);
  });
});

describe('the plain members of an error', () => {
  test('are those that a serializer keeps', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const error = Object.assign(new Error('m'), {
      ...{ text: 'x', none: null, list: [1, [true]], nested: { a: 1 }, at: new Date(0) },
      ...{ circle, method: () => 1, map: new Map(), big: 1n, notANumber: Number.NaN, own: new OutOfStock('a', 1) },
    });
    expect(plainProperties(error)).toEqual({
      ...{ text: 'x', none: null, list: [1, [true]], nested: { a: 1 }, at: new Date(0) },
    });
    expect(plainProperties(new Error('m'))).toBeUndefined();
  });
});
