import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlFleet, nodes, queues } from './control-fleet.js';
import { describeOverBrokers } from './places.js';
import { CeleryMonitor, type Fields } from './python/celery-monitor.js';
import { endProcess } from './python/end-process.js';
import { makingPythonMs, programs, pythonWithCelery } from './python/environment.js';
import { environmentOf } from './python/python-site.js';
import { shapeOf } from './shape-of.js';

/** What happens to a task. */
interface Expected {
  readonly state: string;
  readonly types: readonly string[];
  /** Some happen more than once: how often is the affair of each worker. */
  readonly repeats?: boolean;
  /** Of the call, in seconds. */
  readonly expires?: number;
}

/** What is of one task or worker, and no other. */
const own = [
  'uuid',
  'root_id',
  'parent_id',
  'hostname',
  'worker',
  'pid',
  'clock',
  'timestamp',
  'local_received',
  'utcoffset',
];

describeOverBrokers('Events, heard by real Celery', { redis: 'interopMonitors', amqp: 'interopMonitors' }, (place) => {
  const fleet = new ControlFleet(place, { taskEvents: true });
  const { app } = fleet;
  app.task('shared.echo', (value: unknown) => value);
  app.task('shared.fail', (message: string) => {
    throw Object.assign(new Error(message), { name: 'ValueError' });
  });
  app.task('shared.again', { bind: true, maxRetries: 1 }, (ctx) => {
    if (ctx.request.retries === 0)
      return ctx.retry({ error: Object.assign(new Error('not yet'), { name: 'ValueError' }), countdown: '100ms' });
    return ctx.request.retries;
  });
  let monitor: CeleryMonitor;

  beforeAll(async () => {
    await fleet.start();
    monitor = new CeleryMonitor(await pythonWithCelery(), fleet.site);
    await monitor.workers(Object.values(nodes));
  }, makingPythonMs);
  afterAll(async () => {
    await monitor[Symbol.asyncDispose]();
    await fleet.stop();
  }, 30_000);

  /** The same task run by either worker, and what is known of both when all events of both have come. */
  async function ofBoth(task: string, args: readonly unknown[], { types, expires }: Expected) {
    const ids = { typescript: crypto.randomUUID(), python: crypto.randomUUID() };
    for (const language of ['typescript', 'python'] as const) {
      const options = { taskId: ids[language], queue: queues[language] };
      await app.sendTask(task, args, {}, expires === undefined ? options : { ...options, expires });
    }
    const known = await monitor.tasks({ [ids.typescript]: types, [ids.python]: types });
    return {
      ours: known[ids.typescript] ?? {},
      theirs: known[ids.python] ?? {},
      ourEvents: await monitor.events(ids.typescript),
      theirEvents: await monitor.events(ids.python),
    };
  }

  describe("Celery's State", () => {
    test.each<[string, string, readonly unknown[], Expected]>([
      [
        'that succeed',
        'shared.echo',
        ['hello'],
        { state: 'SUCCESS', types: ['task-received', 'task-started', 'task-succeeded'] },
      ],
      [
        'that fail',
        'shared.fail',
        ['no such order'],
        { state: 'FAILURE', types: ['task-received', 'task-started', 'task-failed'] },
      ],
      [
        'that are retried',
        'shared.again',
        [],
        {
          state: 'SUCCESS',
          types: ['task-received', 'task-started', 'task-retried', 'task-succeeded'],
          // One that comes before its time is parked in the broker, and received again.
          repeats: true,
        },
      ],
      ['that have expired', 'shared.echo', [1], { state: 'REVOKED', types: ['task-revoked'], expires: -1 }],
    ])('knows the same of tasks %s {python → ctq: events of tasks}', async (_, task, args, expected) => {
      const { ours, theirs, ourEvents, theirEvents } = await ofBoth(task, args, expected);
      expect(ours['worker']).toBe(nodes.typescript);
      expect(theirs['worker']).toBe(nodes.python);
      expect(comparable(ours)).toEqual(comparable(theirs));

      const types = ourEvents.map(({ type }) => String(type));
      const told = expected.repeats === true ? [...new Set(types)] : types;
      expect(told.toSorted()).toEqual(expected.types.toSorted());
      expect(byType(ourEvents)).toEqual(byType(theirEvents));
    });

    test('knows the same of workers {python → ctq: events of workers}', async () => {
      const known = await monitor.workers(Object.values(nodes));
      const ours = known[nodes.typescript] ?? {};
      const theirs = known[nodes.python] ?? {};
      expect(shapeOf(ours)).toEqual(shapeOf(theirs));
      expect(ours).toMatchObject({
        hostname: nodes.typescript,
        pid: process.pid,
        freq: theirs['freq'],
        status_string: 'ONLINE',
      });
      const heartbeats = await Promise.all(Object.values(nodes).map((node) => monitor.event('worker-heartbeat', node)));
      expect(keysOf(heartbeats[0] ?? {})).toEqual(keysOf(heartbeats[1] ?? {}));
    });
  });

  test('`celery events --dump` shows tasks of both workers in the same lines {python → ctq: event dump}', async () => {
    const child = spawn(await pythonWithCelery(), ['-m', 'celery', '-A', 'tasks', 'events', '--dump'], {
      cwd: programs,
      env: { ...environmentOf(fleet.site), PYTHONUNBUFFERED: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const next = async (pattern: RegExp): Promise<string> => {
        for (;;) {
          const line = await lines.next();
          if (line.done === true) throw new Error('celery events has ended.');
          if (pattern.test(String(line.value))) return String(line.value);
        }
      };
      // It hears whoever answers that it is there.
      await next(/heartbeat/);
      const dumped: string[] = [];
      for (const language of ['typescript', 'python'] as const) {
        const id = crypto.randomUUID();
        await app.sendTask('shared.echo', ['dumped'], {}, { taskId: id, queue: queues[language] });
        const line = await next(new RegExp(`task succeeded.*${id}`));
        dumped.push(
          line
            .replaceAll(id, 'ID')
            .replaceAll(nodes[language], 'NODE')
            .replaceAll(/\d[\d.:e-]*/g, 'N'),
        );
      }
      expect(dumped[0]).toBe(dumped[1]);
    } finally {
      await endProcess(child, 'SIGKILL');
    }
  }, 60_000);
});

/** Without what is of one task alone; instants and stacks as what they are. */
function comparable(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => !own.includes(name))
      .map(([name, value]) => [name, kindOf(name, value)]),
  );
}

function kindOf(name: string, value: unknown): unknown {
  if (['runtime', 'traceback', 'expires', 'eta'].includes(name)) return typeof value;
  if (typeof value === 'number' && value > 1e9) return 'an instant';
  // The pool of threads wraps what a retry was for in one more (celery 5.6 worker/request.py, on_retry).
  return typeof value === 'string' ? value.replace(/^Retry\(Retry\(\.\.\.\), (.*), [\d.]+\)$/, '$1') : value;
}

/** What the events of each type say, each form of it once. */
function byType(events: readonly Fields[]): ReadonlySet<string> {
  return new Set(
    events.map((event) =>
      JSON.stringify([
        event['type'],
        keysOf(event),
        Object.entries(comparable(event)).toSorted(([a], [b]) => a.localeCompare(b)),
      ]),
    ),
  );
}

function keysOf(fields: Fields): readonly string[] {
  return Object.keys(fields).toSorted();
}
