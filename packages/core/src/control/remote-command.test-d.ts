import { describe, expectTypeOf, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import type {
  CommandedWorker,
  CommandHandler,
  CommandOptions,
  GivenArguments,
  RemoteCommand,
} from './remote-command.js';

describe('A command of a program', () => {
  const app = new Ctq('types');

  test('is given its arguments in the types that it names; any may be left out', () => {
    app.controlCommand(
      'tune',
      { args: { queue: 'text', size: 'integer', on: 'boolean', ids: 'text[]', rates: 'number[]', other: 'any' } },
      (worker, { queue, size, on, ids, rates, other }) => {
        expectTypeOf(worker).toEqualTypeOf<CommandedWorker>();
        expectTypeOf(queue).toEqualTypeOf<string | undefined>();
        expectTypeOf(size).toEqualTypeOf<number | undefined>();
        expectTypeOf(on).toEqualTypeOf<boolean | undefined>();
        expectTypeOf(ids).toEqualTypeOf<readonly string[] | undefined>();
        expectTypeOf(rates).toEqualTypeOf<readonly number[] | undefined>();
        expectTypeOf(other).toEqualTypeOf<unknown>();
      },
    );
  });

  test('has the type of its reply, also where that is a promise', () => {
    const sync = app.inspectCommand('count', { args: { n: 'integer' } }, (_, { n = 1 }) => ({ ok: n }));
    expectTypeOf(sync).toEqualTypeOf<RemoteCommand<{ readonly n: 'integer' }, { ok: number }>>();
    const late = app.inspectCommand('late', { args: {} }, async ({ name }) => name);
    expectTypeOf(late).toEqualTypeOf<RemoteCommand<{}, string>>();
  });

  test('names types that there are, and takes no argument that it does not name', () => {
    // @ts-expect-error -- there is no such type
    app.inspectCommand('odd', { args: { n: 'float' } }, () => 1);
    // @ts-expect-error -- it is not named
    app.inspectCommand('other', { args: { n: 'integer' } }, (_, { m }) => m);
  });

  test('may be put together from its parts', () => {
    const args = { ids: 'text[]', n: 'integer' } as const;
    const options: CommandOptions<typeof args> = { args, variadic: 'ids' };
    const handler: CommandHandler<typeof args, number> = (_, { ids = [] }) => ids.length;
    expectTypeOf(app.inspectCommand('count', options, handler)).toExtend<RemoteCommand<typeof args, number>>();
    expectTypeOf<GivenArguments<typeof args>>().toEqualTypeOf<{
      readonly ids?: readonly string[] | undefined;
      readonly n?: number | undefined;
    }>();
    // @ts-expect-error -- it is not among them
    app.inspectCommand('other', { args, variadic: 'others' }, handler);
  });

  test('is given a worker on which it can change what runs', () => {
    expectTypeOf<CommandedWorker['resize']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<CommandedWorker['setRateLimit']>().parameter(1).extract<null>().toEqualTypeOf<null>();
    expectTypeOf<CommandedWorker['active'][number]['startedAt']>().toEqualTypeOf<number | undefined>();
  });
});
