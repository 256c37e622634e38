import { startProgram } from '@ctq/docs-check/program';
import { expect, it } from 'vitest';

it('carries a task with a countdown', async () => {
  const program = startProgram(new URL('../dist/main.js', import.meta.url));
  expect(await program.exited).toBe(0);
  expect(program.lines).toEqual(['over table://: 4']);
});
