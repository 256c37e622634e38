import { createRequire } from 'node:module';
import { privateBroker, startProgram } from '@ctq/docs-check/program';
import { expect, it } from 'vitest';

const cli = createRequire(import.meta.url).resolve('@ctq/cli/bin');
const tasks = new URL('tasks.ts', import.meta.url).pathname;

it('runs tasks of a TypeScript file, and calls them from the shell, with and without its extension [SD-071]', async () => {
  const { env, remove } = await privateBroker();
  const worker = startProgram(cli, ['-A', tasks, 'worker', '-l', 'info'], { env });
  try {
    await worker.line(/ ready\.$/);
    const call = startProgram(cli, ['-A', tasks.replace('.ts', ''), 'call', 'shop.greet', '--args', '["ada", "fr"]'], {
      env,
    });
    expect(await call.exited).toBe(0);
    const [id = ''] = call.lines;
    const result = startProgram(cli, ['-A', tasks, 'result', id, '--timeout', '30'], { env });
    expect(await result.exited).toBe(0);
    expect(result.lines).toEqual(['Bonjour, ada']);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  } finally {
    worker.kill('SIGKILL');
    await remove();
  }
});
