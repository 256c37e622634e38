import { type Program, privateBroker, startProgram } from '@ctq/docs-check/program';
import { expect, it } from 'vitest';

it('answers requests while its worker runs the tasks, and stops when it is told to [SD-053]', async () => {
  const broker = await privateBroker();
  const program = startProgram(new URL('../dist/main.js', import.meta.url), [], { env: { ...broker.env, PORT: '0' } });
  try {
    const address = await addressOf(program);
    const { id } = (await ask(`${address}/resize?image=cat.png&width=64`)) as { id: string };
    await program.line(new RegExp(`${id}.* succeeded`));
    expect(await ask(`${address}/result?id=${id}`)).toEqual({ state: 'SUCCESS', value: 'cat.png@64' });
    program.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    expect(program.lines).toContain('stopped');
  } finally {
    program.kill('SIGKILL');
    await broker.remove();
  }
});

async function addressOf(program: Program): Promise<string> {
  const line = await program.line(/^listening on port/);
  return `http://127.0.0.1:${line.replace(/\D/g, '')}`;
}

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return response.json();
}
