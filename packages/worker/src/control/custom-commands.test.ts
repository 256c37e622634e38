import { builtinCommandNames } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { builtinCommands } from './builtin-commands.js';

describe('A command of a program', () => {
  test('is told what the worker does, and changes it [RC-043]', async () => {
    await using scene = new ControlScene();
    scene.app.inspectCommand('load', {}, ({ name, queues, concurrency, prefetchCount, active, reserved }) => ({
      ...{ name, concurrency, prefetchCount, queues: queues.map((one) => one.name) },
      ...{ active: active.map((call) => call.args), reserved: reserved.length },
    }));
    scene.app.controlCommand(
      'tune',
      { args: { size: 'integer', queue: 'text' } },
      async (worker, { size = 1, queue }) => {
        await worker.resize(size);
        if (queue !== undefined) await worker.addQueue(queue);
        await worker.cancelQueue('celery');
        worker.setRateLimit('step', '1/m');
        worker.setTimeLimits('step', { soft: 5, hard: '10s' });
        worker.revoke('unwanted');
        worker.revokeByStampedHeaders({ tenant: 'a' });
        return { ok: 'tuned' };
      },
    );
    const { worker } = await scene.busy();
    expect(await scene.ask('load')).toEqual({
      ...{ name: 'w1@host', concurrency: 1, prefetchCount: 0, queues: ['celery'], active: [[7]], reserved: 0 },
    });
    expect(await scene.ask('tune', { size: 3, queue: 'extra' })).toEqual({ ok: 'tuned' });
    expect([worker.concurrency, worker.queues.map(({ name }) => name)]).toEqual([3, ['extra']]);
    const items = ['rate_limit', 'soft_time_limit', 'time_limit'];
    expect(await scene.ask('registered', { taskinfoitems: items })).toContain(
      'step [rate_limit=1/m soft_time_limit=5 time_limit=10]',
    );
    expect(await scene.ask('revoked')).toEqual(['unwanted']);
  });

  test('is asked for by its other name, too, and by texts where it names types [RC-043]', async () => {
    await using scene = new ControlScene();
    const types = { ids: 'text[]', counts: 'integer[]', rates: 'number[]', on: 'boolean', one: 'any' } as const;
    scene.app.inspectCommand('echo', { alias: 'dump_echo', args: types, variadic: 'ids' }, (_, args) => args);
    await scene.start();
    const given = { ids: 'a', counts: ['1', 2], rates: ['0.5'], on: 'yes', one: [null], other: 1 };
    expect(await scene.ask('dump_echo', given)).toEqual({
      ...{ ids: ['a'], counts: [1, 2], rates: [0.5], on: true, one: [null] },
    });
    expect(await scene.ask('echo', { ids: [1] })).toEqual({
      error: "TypeError('ids is [1] and has to be: text[]')",
    });
    expect(await scene.ask('echo', { counts: 1.5 })).toEqual({ error: expect.stringMatching(/^TypeError/) });
  });

  test('has a name of its own [RC-043]', () => {
    const { app } = new ControlScene();
    app.inspectCommand('mine', { alias: 'my' }, () => 1);
    for (const name of ['mine', 'my', 'ping', 'dump_active', 'shutdown'])
      expect(() => app.controlCommand(name, {}, () => 1)).toThrow(
        expect.objectContaining({ code: 'CTQ_COMMAND_EXISTS' }),
      );
    expect(() => app.controlCommand('other', { alias: 'stats' }, () => 1)).toThrow(/Every worker has/);
  });

  test('cannot have the name of any command that a worker has', () => {
    const names = builtinCommands.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
    expect(names.filter((name) => !builtinCommandNames.has(name))).toEqual([]);
  });
});
