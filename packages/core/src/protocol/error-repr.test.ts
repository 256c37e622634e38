import { describe, expect, it } from 'vitest';
import { errorRepr } from './error-repr.js';

describe('an error in a message for people', () => {
  it.each([
    // Message, and what Python 3.11 prints: repr(ValueError(message)).
    ['no such order', `ValueError('no such order')`],
    ['', 'ValueError()'],
    ["it's gone", `ValueError("it's gone")`],
    ['the "last" one', `ValueError('the "last" one')`],
    [`it's the "last" one`, String.raw`ValueError('it\'s the "last" one')`],
    ['a\nb\tc\rd\\e\x07\x7f', String.raw`ValueError('a\nb\tc\rd\\e\x07\x7f')`],
    ['Käse 🧀', `ValueError('Käse 🧀')`],
  ])('is written as Python writes it: %j [CV-109]', (message, shown) => {
    expect(errorRepr(Object.assign(new Error(message), { name: 'ValueError' }))).toBe(shown);
  });

  it('shows an error inside an error as Python does, quotes and all', () => {
    const inner = errorRepr(new TypeError('no such order'));
    const outer = Object.assign(new Error(`Dependency 7 raised ${inner}`), { name: 'ChordError' });
    expect(errorRepr(outer)).toBe(`ChordError("Dependency 7 raised TypeError('no such order')")`);
  });

  it('is cut where the message is long', () => {
    expect(errorRepr(new TypeError('x'.repeat(100_000))).length).toBeLessThan(1_100);
  });
});
