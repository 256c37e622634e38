import { describe, expect, test } from 'vitest';
import { PrefetchGate } from './prefetch-gate.js';

function gateOf(limit: number) {
  const gate = new PrefetchGate<string>();
  gate.limit = limit;
  const given: string[] = [];
  const returned: string[] = [];
  const arrive = (owner: string, name: string): void =>
    gate.arrive({ owner, give: () => given.push(name), giveBack: () => returned.push(name) });
  return { gate, given, returned, arrive };
}

describe('What a channel has in hand', () => {
  test('is never more than its prefetch, and the rest comes in its order [MS-089]', () => {
    const { gate, given, arrive } = gateOf(2);
    for (const name of ['1', '2', '3', '4']) arrive('q', name);
    expect(given).toEqual(['1', '2']);
    gate.leave();
    expect(given).toEqual(['1', '2', '3']);
    gate.limit = 3;
    expect(given).toEqual(['1', '2', '3', '4']);
  });

  test('is without limit at 0', () => {
    const { gate, given, arrive } = gateOf(1);
    for (const name of ['1', '2', '3']) arrive('q', name);
    gate.limit = 0;
    expect(given).toEqual(['1', '2', '3']);
  });

  test('what waited of a consumer that has ended goes back, and that of others does not', () => {
    const { gate, given, returned, arrive } = gateOf(1);
    arrive('a', '1');
    arrive('a', '2');
    arrive('b', '3');
    gate.withdraw('a');
    expect(returned).toEqual(['2']);
    gate.leave();
    expect(given).toEqual(['1', '3']);
  });
});
