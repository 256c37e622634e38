import { createRequire } from 'node:module';
import { privateBroker, startProgram } from '@ctq/docs-check/program';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, it } from 'vitest';

const cli = createRequire(import.meta.url).resolve('@ctq/cli/bin');
const tasks = new URL('../dist/tasks.js', import.meta.url).pathname;

const itGetsItsResults =
  'gets its results from the worker, which then leaves when it is told to [SD-009, SD-012, SD-046]';

async function clientAndWorker(env: Readonly<Record<string, string>>): Promise<void> {
  const worker = startProgram(cli, ['-A', tasks, 'worker', '-l', 'info'], { env });
  try {
    await worker.line(/ ready\.$/);
    const client = startProgram(new URL('../dist/client.js', import.meta.url), [], { env });
    expect(await client.exited).toBe(0);
    expect(client.lines).toEqual([
      'called here: 4',
      'called there: 4',
      'chain: 8',
      'chord: 12',
      'price: 250 cents after 3 attempts',
    ]);
    await worker.line(/Task price\[.*\] retry: Retry in 0\.1s/);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  } finally {
    worker.kill('SIGKILL');
  }
}

it(itGetsItsResults, async () => {
  const broker = await privateBroker();
  try {
    await clientAndWorker(broker.env);
  } finally {
    await broker.remove();
  }
});

describeWith('redis', 'with another URL in the environment, on Redis', (url) => {
  it(itGetsItsResults, async () => {
    const address = `${url}?global_keyprefix=quickstart-${crypto.randomUUID()}:`;
    await clientAndWorker({ CTQ_BROKER_URL: address, CTQ_RESULT_BACKEND: address });
  });
});
