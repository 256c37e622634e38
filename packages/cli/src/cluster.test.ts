import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

/** A broker in memory that is taken for one in a network, a neighbor of Python that is heard of once, and a line for each heartbeat. */
const tasks = `import { Ctq } from '@ctq/core';
import { memoryTransport } from '@ctq/messaging';
const memory = memoryTransport();
const broker = {
  ...{ spec: 1, name: memory.name, url: memory.url, supports: { ...memory.supports, reach: 'network' } },
  connect: (context, signal) => memory.connect(context, signal),
} as const;
export const app = new Ctq('demo', { broker, backend: 'memory://' });
app.signals.heartbeatSent.connect(() => console.log('beat'));
app.signals.workerReady.connect(async () => {
  await app.kernel.events.send('worker-online', { freq: 2 }, { hostname: 'py@host' });
  await app.kernel.events.send('worker-offline', {}, { hostname: 'py@host' });
  console.log('told');
});
`;

async function runUntil(pattern: RegExp, ...flags: readonly string[]): Promise<string> {
  using project = new Project({ 'tasks.ts': tasks });
  await using worker = new CommandRun(project.folder, ['-A', 'tasks', 'worker', '-l', 'debug', ...flags]);
  await worker.says(/ told/);
  await worker.says(pattern);
  worker.kill('SIGTERM');
  expect(await worker.exitCode).toBe(0);
  return worker.out + worker.err;
}

describe('ctq worker', () => {
  test('is one of a cluster, and sends events of tasks when it is told to [CL-038, CL-050, WK-109]', async () => {
    const said = await runUntil(/^(?=[^]*beat[^]*beat)[^]*py@host left/, '-E', '--heartbeat-interval', '0.1');
    expect(said).toContain('.> task events: ON');
    expect(said).toContain('mingle: searching for neighbors');
    expect(said).toContain('py@host joined the party');
  }, 60_000);

  test('is none with --without-gossip, --without-mingle and --without-heartbeat [CL-047, CL-048, CL-049]', async () => {
    const said = await runUntil(/ready/, '--without-gossip', '--without-mingle', '--without-heartbeat');
    expect(said).toContain('.> task events: OFF (enable -E to monitor tasks in this worker)');
    expect(said).not.toMatch(/mingle|joined|beat/);
  }, 60_000);

  test('takes --events for -E', async () => {
    expect(await runUntil(/ready/, '--events', '--without-heartbeat')).toContain('.> task events: ON');
  }, 60_000);
});
