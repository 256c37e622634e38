import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const tasks = (options: string) => `import { Ctq } from '@ctq/core';
import { existsSync } from 'node:fs';
export const app = new Ctq('demo', { ${options} });
export const poison = app.task('poison', async (kind: string) => {
  if (existsSync('antidote')) return 'cured';
  if (kind === 'exit') process.exit(7);
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined);
});
export const neighbour = app.task('neighbour', () => new Promise((resolve) => setTimeout(() => resolve('done'), 100)));
`;

async function ctq(project: Project, ...args: readonly string[]) {
  await using command = new CommandRun(project.folder, ['-A', './tasks.ts', ...args]);
  const code = await command.exitCode;
  return { code, out: command.out, err: command.err };
}

async function called(project: Project, ...args: readonly string[]): Promise<string> {
  return (await ctq(project, 'call', ...args)).out.trim();
}

function worker(project: Project, ...args: readonly string[]): CommandRun {
  return new CommandRun(project.folder, ['-A', './tasks.ts', 'worker', '-l', 'info', '-n', 'w1@host', ...args]);
}

const listed = async (project: Project, ...args: readonly string[]) =>
  JSON.parse((await ctq(project, 'dlq', 'list', '--json', ...args)).out) as Record<string, unknown>[];

describe('ctq dlq', () => {
  test('lists, shows, sends back and deletes a task that kills its worker whenever it runs', async () => {
    using project = new Project({
      'tasks.ts': tasks("taskMaxCrashes: 2, broker: 'sqlite:q.sqlite?leaseDuration=2s', backend: 'sqlite:q.sqlite'"),
    });
    const id = await called(project, 'poison', '--args', '["kill"]');
    const beside = await called(project, 'neighbour');
    // What a supervisor does: start it again when it has ended.
    let deaths = 0;
    for (;;) {
      await using victim = worker(project, '-c', '10');
      const ended = victim.exitCode.then(() => 'ended');
      if ((await Promise.race([ended, victim.says(/is in the queue celery\.dlq/).catch(() => 'ended')])) === 'ended') {
        deaths += 1;
        continue;
      }
      // Nobody had marked the first; the second was beside others; two alone.
      expect(deaths).toBe(4);
      expect((await ctq(project, 'result', beside)).out.trim()).toBe('done');
      expect((await ctq(project, 'result', id)).err).toContain('took its process down 2 times while it ran alone');
      victim.kill('SIGTERM');
      expect(await victim.exitCode).toBe(0);
      break;
    }

    expect(await listed(project)).toMatchObject([{ id, task: 'poison', queue: 'celery', reason: 'crashed' }]);
    const shown = (await ctq(project, 'dlq', 'show', id)).out;
    expect(shown).toContain("args         ('kill',)");
    expect(shown.match(/began on w1@host; its process ended/g)).toHaveLength(1);
    expect(shown.match(/began on w1@host, alone; its process ended/g)).toHaveLength(2);
    const { message } = JSON.parse((await ctq(project, 'dlq', 'show', id, '--json')).out) as {
      message: { body: string };
    };
    expect(JSON.parse(message.body)[0]).toEqual(['kill']);
    expect((await ctq(project, 'dlq', 'list')).out).toContain(`${id}  poison  celery  crashed`);

    project.write('antidote', '');
    expect(await ctq(project, 'dlq', 'redrive', 'another')).toMatchObject({
      code: 1,
      err: 'Not in quarantine: another\n',
    });
    expect(await ctq(project, 'dlq', 'redrive', id)).toMatchObject({ code: 0, out: 'Sent back 1 message.\n' });
    await using healthy = worker(project);
    await healthy.says(new RegExp(`${id}.*succeeded`));
    expect(await listed(project)).toEqual([]);
    expect((await ctq(project, 'dlq', 'list')).out).toBe('Nothing is in quarantine.\n');
  }, 120_000);

  test('shows how the slots of a pool ended, and deletes only what it was told to', async () => {
    using project = new Project({ 'tasks.ts': tasks('') });
    await using running = worker(project, '-P', 'processes', '-c', '1', '-Q', 'work');
    await running.says(/ready\./);
    const id = await called(project, 'poison', '--args', '["exit"]', '--queue', 'work');
    const other = await called(project, 'poison', '--args', '["kill"]', '--queue', 'work');
    await running.says(new RegExp(`${id}.* took its process down 3 times`));
    await running.says(new RegExp(`${other}.* took its process down 3 times`));
    expect((await ctq(project, 'result', id)).err).toContain('in the queue work.dlq');
    const shown = (await ctq(project, 'dlq', 'show', id, '-Q', 'work')).out;
    expect(shown.match(/alone; its slot ended: exit code 7/g)).toHaveLength(3);
    expect((await ctq(project, 'dlq', 'show', other, '-Q', 'work')).out).toContain('its slot ended: signal SIGKILL');
    expect((await ctq(project, 'dlq', 'show', id)).code).toBe(1);

    expect(await ctq(project, 'dlq', 'purge', '-Q', 'work')).toMatchObject({ code: 2 });
    expect(await ctq(project, 'dlq', 'purge', '-Q', 'work', '--all')).toMatchObject({ code: 1, err: 'Aborted!\n' });
    expect(await ctq(project, 'dlq', 'purge', '-Q', 'work', '-f', id)).toMatchObject({ out: 'Purged 1 message.\n' });
    expect(await listed(project, '-Q', 'work')).toMatchObject([{ id: other }]);
    const purged = await ctq(project, 'dlq', 'purge', '-Q', 'work', '--all', '-f', '--json');
    expect(JSON.parse(purged.out)).toEqual({ purged: 1 });
    expect(await listed(project, '-Q', 'work')).toEqual([]);
  }, 120_000);
});
