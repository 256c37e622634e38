import { memoryTransport } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { memoryBackend } from '../backend/memory-backend.js';
import { DuplicateTaskError, TaskNotRegisteredError } from '../errors/task-errors.js';
import type { Task } from '../task/task.js';
import { Ctq } from './ctq.js';

const defineAdd = (app: Ctq): Task<[number, number], number> => app.task('add', (x: number, y: number) => x + y);

describe('the names of tasks', () => {
  test('are those given, else of app and function: not of the file, nor of how it was imported [SD-067, SD-085, SD-092, SD-385]', () => {
    const app = new Ctq('shop');
    app.task('add', (x: number) => x);
    app.task(function charge() {
      return 1;
    });
    app.taskWith({ maxRetries: 1 })(function refund() {
      return 1;
    });
    expect(app.kernel.registry.names).toEqual(['add', 'shop.charge', 'shop.refund']);
  });

  test('are of one app: another one in the process has its own [SD-066]', () => {
    const [one, other] = [new Ctq('one'), new Ctq('other')];
    one.task('add', () => 1);
    other.task('add', () => 2);
    other.task('more', () => 3);
    expect([one.kernel.registry.get('add').run(), other.kernel.registry.get('add').run()]).toEqual([1, 2]);
    expect(one.kernel.registry.names).toEqual(['add']);
  });
});

describe('a task that is defined twice', () => {
  function errorOf(run: () => unknown): DuplicateTaskError {
    try {
      run();
    } catch (error) {
      if (DuplicateTaskError.isInstance(error)) return error;
      throw error;
    }
    throw new Error('Nothing was thrown.');
  }

  test('is an error that says where both are, and to rename one [TR-007, SD-432]', () => {
    const app = new Ctq('shop');
    app.task('add', (x: number, y: number) => x + y);
    const { message } = errorOf(() => app.task('add', (a: number, b: number) => a + b + 1));
    expect(message).toMatch(
      /'add' is registered already at .*naming\.test\.ts:\d+:\d+, and now at .*naming\.test\.ts:\d+:\d+\. Give one of the two another name/,
    );
  });

  test('by the same code at two places is a module that was imported under two names', () => {
    const app = new Ctq('shop');
    app.task('add', (x: number, y: number) => x + y);
    const again = (): unknown => app.task('add', (x: number, y: number) => x + y);
    expect(errorOf(again).message).toContain('imported under two names, such as source and build. Import it by one.');
  });

  test('by the same line is defined where it runs twice', () => {
    const app = new Ctq('shop');
    defineAdd(app);
    expect(errorOf(() => defineAdd(app)).message).toContain('define tasks at the top of a module');
  });

  test('with options of many is told of where taskWith was used', () => {
    const reliable = new Ctq('shop').taskWith({ maxRetries: 9 });
    reliable('add', () => 1);
    expect(errorOf(() => reliable('add', () => 2)).message).toMatch(/naming\.test\.ts:\d+:\d+, and now at .*naming/);
  });
});

describe('a task that is not registered', () => {
  const missing = (task: string, ...registered: string[]): string =>
    new TaskNotRegisteredError(task, { registered }).message;

  test.each([
    ['shop.chrage', ['shop.charge', 'mul'], "Did you mean 'shop.charge'?"],
    ['shop.tasks.add', ['add', 'mul'], "Did you mean 'add'?"],
    ['tasks.add', ['shop.tasks.add', 'bank.add'], "Did you mean 'shop.tasks.add' or 'bank.add'?"],
    ['tasks.add', ['shop.tasks.add'], 'Celery names by how a module was imported'],
    [
      '__main__.add',
      ['add'],
      "started as a script, whose tasks are named after it: give the task a name there, @app.task(name='add')",
    ],
    ['__main__.add', [], "@app.task(name='add')"],
    ['elsewhere', ['add'], 'Import the module that defines it (include, autodiscoverTasks)'],
  ])('%s beside %j says what to do [SD-092, SD-219, SD-386, SD-431]', (task, registered, advice) => {
    const message = missing(task, ...registered);
    expect(message).toContain(`No task named '${task}' is registered.`);
    expect(message).toContain(advice);
  });

  test('suggests nothing where nothing is like it', () => {
    expect(missing('elsewhere', 'add', 'mul')).not.toContain('Did you mean');
  });

  test('is looked for in the registry with its neighbours', () => {
    const app = new Ctq('shop');
    app.task('shop.charge', () => 1);
    expect(() => app.kernel.registry.get('charge')).toThrow("Did you mean 'shop.charge'?");
  });
});

describe('a producer without the code of a task', () => {
  test('sends it by name, typed or not, and reads its result [SD-406]', async () => {
    const broker = memoryTransport();
    const backend = memoryBackend();
    await using consumer = new Ctq('worker', { broker, backend });
    const add = defineAdd(consumer);
    await using producer = new Ctq('web', { broker, backend });
    expect(producer.kernel.registry.names).toEqual([]);
    const remote = producer.remote<typeof add>('add');
    expect(remote.taskName).toBe('add');
    await remote.delay(1, 2);
    await producer.sendTask('add', [3, 4]);
    await using connection = await consumer.connect();
    const channel = await connection.openChannel();
    const bodies: unknown[] = [];
    for (let delivery = await channel.get('celery'); delivery !== undefined; delivery = await channel.get('celery')) {
      const [args] = JSON.parse(Buffer.from(delivery.message.body).toString()) as [unknown];
      bodies.push([delivery.message.headers['task'], args]);
      await delivery.ack();
    }
    expect(bodies).toEqual([
      ['add', [1, 2]],
      ['add', [3, 4]],
    ]);
  });
});
