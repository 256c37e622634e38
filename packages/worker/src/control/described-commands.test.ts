import { describe, expect, test } from 'vitest';
import { positionalArguments, workerCommands } from './described-commands.js';

describe('What a command line gives a command', () => {
  test('goes to its arguments one after the other, in their types [CL-091]', () => {
    const command = { args: { name: 'text', soft: 'number', isOn: 'boolean' } } as const;
    expect(positionalArguments(command, ['add', '1.5', 'off'])).toEqual({ name: 'add', soft: 1.5, isOn: false });
    expect(positionalArguments(command, ['add'])).toEqual({ name: 'add' });
    expect(positionalArguments(command, ['add', '1', 'on', 'more'])).toBeUndefined();
    expect(() => positionalArguments(command, ['add', 'soon'])).toThrow('soft is "soon" and has to be: number');
    expect(positionalArguments({}, [])).toEqual({});
    expect(positionalArguments({}, ['x'])).toBeUndefined();
  });

  test('goes to the variadic one as far as it is left, be it named among the others or not', () => {
    const named = { args: { signal: 'text', ids: 'text[]' }, variadic: 'ids' } as const;
    const unnamed = { args: { signal: 'text' }, variadic: 'ids' } as const;
    for (const command of [named, unnamed]) {
      expect(positionalArguments(command, ['KILL', 'a', 'b'])).toEqual({ signal: 'KILL', ids: ['a', 'b'] });
      expect(positionalArguments(command, [])).toEqual({ ids: [] });
    }
    const behind = { args: { ids: 'any', terminate: 'boolean' }, variadic: 'ids' } as const;
    expect(positionalArguments(behind, ['a', 'yes'])).toEqual({ ids: ['a', 'yes'] });
  });
});

describe('A worker is asked from a command line', () => {
  const asked: readonly (readonly [line: string, args: Readonly<Record<string, unknown>>, row: string])[] = [
    ...[
      'active',
      'active_queues',
      'clock',
      'memsample',
      'ping',
      'report',
      'reserved',
      'revoked',
      'scheduled',
      'stats',
    ].map((line) => [line, {}, 'CL-082'] as const),
    ['conf yes', { with_defaults: true }, 'CL-083'],
    ['memdump 5', { samples: 5 }, 'CL-084'],
    ['objgraph Request 100 5', { type: 'Request', num: 100, max_depth: 5 }, 'CL-085'],
    ['query_task a b', { ids: ['a', 'b'] }, 'CL-086'],
    ['registered rate_limit', { taskinfoitems: ['rate_limit'] }, 'CL-087'],
    [
      'add_consumer mail media topic image.#',
      { queue: 'mail', exchange: 'media', exchange_type: 'topic', routing_key: 'image.#' },
      'CL-093',
    ],
    ['autoscale 10 3', { max: 10, min: 3 }, 'CL-094'],
    ['cancel_consumer mail', { queue: 'mail' }, 'CL-095'],
    ...['disable_events', 'enable_events', 'heartbeat', 'pool_restart', 'shutdown'].map(
      (line) => [line, {}, 'CL-096'] as const,
    ),
    ['pool_grow 2', { n: 2 }, 'CL-098'],
    ['pool_shrink', {}, 'CL-098'],
    ['rate_limit add 10/m', { task_name: 'add', rate_limit: '10/m' }, 'CL-099'],
    ['revoke a b', { task_id: ['a', 'b'] }, 'CL-100'],
    ['terminate SIGKILL a b', { signal: 'SIGKILL', task_id: ['a', 'b'] }, 'CL-100'],
    ['revoke_by_stamped_headers tenant=a flow=b', { headers: ['tenant=a', 'flow=b'] }, 'CL-101'],
    ['time_limit add 1.5 2', { task_name: 'add', soft: 1.5, hard: 2 }, 'CL-102'],
  ];
  const known = new Map(workerCommands.map((command) => [command.name, command]));
  const nameOf = (line: string): string => line.split(' ')[0] ?? '';

  for (const [line, args, row] of asked) {
    const command = known.get(nameOf(line));
    test.skipIf(command === undefined)(`${line} [${row}]`, () => {
      expect(positionalArguments(command ?? {}, line.split(' ').slice(1))).toEqual(args);
    });
  }
});
