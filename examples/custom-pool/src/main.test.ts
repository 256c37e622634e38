import { startProgram } from '@ctq/docs-check/program';
import { expect, it } from 'vitest';

it('keeps the order of each customer, and lets nobody wait for another', async () => {
  const program = startProgram(new URL('../dist/main.js', import.meta.url));
  expect(await program.exited).toBe(0);
  expect(program.lines).toEqual(['Bob 1', 'Ann 1', 'Ann 2']);
});
