import { startProgram } from '@ctq/docs-check/program';
import { expect, it } from 'vitest';

it('succeeds at the fourth attempt, does not retry what is not worth it, and gives up in the end', async () => {
  const program = startProgram(new URL('../dist/main.js', import.meta.url));
  expect(await program.exited).toBe(0);
  expect(program.lines).toEqual([
    'sent to ada@example.org at attempt 4',
    'NoSuchMailbox: nobody@example.org',
    'MailServerBusy: inbox has not answered 3 times',
  ]);
});
