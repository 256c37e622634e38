import { expect, test } from 'vitest';
import { WaitingLine } from './waiting-line.js';

test('A line gives back in order, however it is used', () => {
  const line = new WaitingLine<number>();
  let next = 0;
  let expected = 0;
  for (let round = 0; round < 500; round += 1) {
    for (let count = 0; count < (round * 7) % 13; count += 1) line.push(next++);
    for (let count = 0; count < (round * 5) % 11 && line.length > 0; count += 1) expect(line.shift()).toBe(expected++);
    expect(line.length).toBe(next - expected);
  }
  const rest = line.takeReversed();
  expect(rest.length).toBe(next - expected);
  expect(rest.at(-1)).toBe(expected);
  expect(line.length).toBe(0);
  expect(line.shift()).toBeUndefined();
});
