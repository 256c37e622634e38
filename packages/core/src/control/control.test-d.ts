import type { NodeReply } from '@ctq/messaging';
import { describe, expectTypeOf, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import type { Replied } from './control.js';
import type { CommandError, NodeReplies } from './node-replies.js';
import type { CommandHandler, CommandOptions, GivenArguments, RemoteCommand } from './remote-command.js';
import type { TaskInfo } from './replies/task-info.js';

describe('Remote control', () => {
  const app = new Ctq('types');
  const { control } = app;
  const scale = app.controlCommand(
    'scale',
    { args: { factor: 'number', note: 'text' } },
    (worker, { factor, note }) => {
      expectTypeOf(factor).toEqualTypeOf<number | undefined>();
      expectTypeOf(note).toEqualTypeOf<string | undefined>();
      return { name: worker.name, at: new Date() };
    },
  );

  test('knows what commands of the program take and answer', () => {
    expectTypeOf(control.ask(scale, { factor: 2 })).resolves.toEqualTypeOf<
      readonly NodeReply<{ name: string; at: Date } | CommandError>[]
    >();
    expectTypeOf(control.ask('scale', { anything: true })).resolves.toEqualTypeOf<readonly NodeReply[]>();
    // @ts-expect-error no number
    void control.ask(scale, { factor: 'two' });
    // @ts-expect-error no such argument
    void control.broadcast(scale, { times: 2 });
  });

  test('takes all that is left on a command line as a list', () => {
    app.inspectCommand('sum', { args: { numbers: 'number[]' }, variadic: 'numbers' }, (_worker, { numbers }) =>
      expectTypeOf(numbers).toEqualTypeOf<readonly number[] | undefined>(),
    );
    app.inspectCommand('show', { args: { things: 'any' }, variadic: 'things' }, (_worker, { things }) =>
      expectTypeOf(things).toEqualTypeOf<unknown>(),
    );
    // @ts-expect-error a list is no number
    app.inspectCommand('sum of numbers', { args: { numbers: 'number' }, variadic: 'numbers' }, () => 0);
  });

  test('has names for what a command is made of', () => {
    type Args = { readonly n: 'integer'; readonly rest: 'any' };
    expectTypeOf<GivenArguments<Args>>().toEqualTypeOf<{
      readonly n?: number | undefined;
      readonly rest?: unknown;
    }>();
    expectTypeOf<CommandOptions<Args>['args']>().toEqualTypeOf<Args | undefined>();
    expectTypeOf<CommandHandler<Args, string>>().returns.toEqualTypeOf<string | Promise<string>>();
    expectTypeOf<RemoteCommand<Args, string>['run']>().toEqualTypeOf<CommandHandler<Args, string>>();
    expectTypeOf<Replied<{ readonly reply: true }>>().toEqualTypeOf<NodeReplies<unknown>>();
  });

  test('gives replies to who asks for them', () => {
    expectTypeOf(control.rateLimit('add', '10/m')).resolves.toEqualTypeOf<undefined>();
    expectTypeOf(control.rateLimit('add', '10/m', { destination: ['w1@host'] })).resolves.toEqualTypeOf<undefined>();
    expectTypeOf(control.rateLimit('add', '10/m', { reply: true })).resolves.toEqualTypeOf<NodeReplies<unknown>>();
    const reply = Math.random() > 0.5;
    expectTypeOf(control.revoke('id', { reply })).resolves.toEqualTypeOf<NodeReplies<unknown> | undefined>();
    // @ts-expect-error no such option
    void control.revoke('id', { replies: true });
  });

  test('names what workers answer', async () => {
    const tasks = await control.inspect().active();
    expectTypeOf(tasks.get('w1@host')).toEqualTypeOf<readonly TaskInfo[] | undefined>();
    expectTypeOf(tasks.errors.get('w1@host')).toEqualTypeOf<string | undefined>();
  });
});
