import { startProgram } from '@ctq/docs-check/program';
import { expect, it } from 'vitest';

it('reports on all texts, and says why it cannot where one is missing', async () => {
  const program = startProgram(new URL('../dist/main.js', import.meta.url));
  const status = await program.exited;
  expect(program.lines).toEqual([
    '3 texts, 24 words, the longest is bread',
    "no report: a member raised NoSuchText('stew')",
  ]);
  expect(status).toBe(0);
});
