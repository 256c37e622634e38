import { describe, expectTypeOf, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import type { Settings } from '../config/settings.js';
import type { TaskContext } from '../task/task-context.js';
import type { Receiver, Signal } from './signal.js';
import type { SignalEvents } from './signals.js';
import type { TaskFailureEvent } from './task-events.js';

describe('The signals of an app', () => {
  const app = new Ctq('types');
  const add = app.task('add', (x: number, y: number) => x + y);

  test('give their receivers what belongs to the moment', () => {
    app.signals.taskFailure.connect(({ task, error, context }) => {
      expectTypeOf(task).toEqualTypeOf<string>();
      expectTypeOf(error).toEqualTypeOf<Error>();
      expectTypeOf(context).toEqualTypeOf<TaskContext>();
    });
    app.signals.configured.connect(({ settings }) => expectTypeOf(settings).toEqualTypeOf<Settings>());
    app.signals.taskPostrun.connect(({ state }) =>
      expectTypeOf(state).toEqualTypeOf<'SUCCESS' | 'FAILURE' | 'RETRY' | 'IGNORED' | 'REJECTED'>(),
    );
    app.signals.beforeTaskPublish.connect(({ headers }) => {
      headers['tenant'] = 7;
    });
  });

  test('are each a signal of their event', () => {
    expectTypeOf(app.signals.taskFailure).toEqualTypeOf<Signal<TaskFailureEvent>>();
    expectTypeOf<Receiver<TaskFailureEvent>>().parameter(0).toEqualTypeOf<TaskFailureEvent>();
  });

  test('take a task for its name, and asynchronous receivers', () => {
    expectTypeOf(app.signals.taskPrerun.connect(async () => undefined, { sender: add })).toEqualTypeOf<() => void>();
  });

  test('refuse what is not there', () => {
    // @ts-expect-error what was published does not change any more
    app.signals.afterTaskPublish.connect(({ headers }) => (headers['tenant'] = 7));
    // @ts-expect-error a success has no error
    app.signals.taskSuccess.connect(({ error }) => error);
    // @ts-expect-error not a signal
    app.signals.taskStarted.connect(() => undefined);
    // @ts-expect-error the side on which they are sent is not the app's
    app.signals.taskSuccess.send('add', () => undefined);
    expectTypeOf<keyof SignalEvents>().toExtend<string>();
  });
});
