import { ClusterState, EventDump } from '@ctq/core/events';
import { VirtualClock } from '@ctq/runtime';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CeleryState, type EventStream, type KnownAtTheEnd } from './python/celery-state.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';

const startedAt = 1_795_229_200;
const hosts = ['w1@host', 'w2@host', 'celery@other', 'w4@host'];

let python: CeleryState;

beforeAll(async () => {
  python = new CeleryState(await pythonWithCelery());
}, makingPythonMs);

afterAll(() => python[Symbol.asyncDispose]());

/** Sometimes left out, sometimes None. */
const told = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 5 });
const word = fc.constantFrom('', 'add', '(2, 2)', "ValueError('é')", '2030-01-02T00:00:00+00:00');
const instant = fc.double({ min: startedAt, max: startedAt + 60, noNaN: true });
const seconds = fc.double({ min: 0, max: 60, noNaN: true });

const envelope = {
  hostname: fc.constantFrom(...hosts),
  timestamp: fc.oneof({ weight: 9, arbitrary: instant }, fc.constant(0)),
  local_received: fc.oneof({ weight: 9, arbitrary: instant }, fc.constant(0)),
  clock: fc.nat(40),
  utcoffset: fc.constant(0),
};

const workerEvent = fc.record(
  {
    ...envelope,
    type: fc.constantFrom('worker-online', 'worker-heartbeat', 'worker-offline', 'worker-elect'),
    pid: fc.nat(2),
    freq: fc.constantFrom(1, 2, 5, 0.5),
    active: told(fc.nat(100)),
    processed: told(fc.nat(100)),
    loadavg: told(fc.array(seconds, { maxLength: 3 })),
    sw_ident: told(word),
    sw_ver: told(word),
    sw_sys: told(word),
  },
  { requiredKeys: ['hostname', 'timestamp', 'local_received', 'clock', 'type'] },
);

const subjects = ['sent', 'received', 'started', 'succeeded', 'failed', 'retried', 'revoked', 'rejected', 'half-done'];

const taskEvent = fc
  .tuple(
    fc.nat(8),
    fc.boolean(),
    fc.record(
      {
        ...envelope,
        type: fc.constantFrom(...subjects).map((subject) => `task-${subject}`),
        name: told(fc.constantFrom('add', 'mul', 'tasks.é')),
        ...{ args: told(word), kwargs: told(word), eta: told(word), expires: told(word), result: told(word) },
        ...{ exception: told(word), traceback: told(word), exchange: told(word), routing_key: told(word) },
        ...{ queue: told(word), retries: told(fc.nat(9)), runtime: told(seconds) },
      },
      { requiredKeys: ['hostname', 'timestamp', 'local_received', 'clock', 'type'] },
    ),
  )
  // Every task has the parent that it has, told or not: 0 has none, and 8 itself.
  .map(([task, tellsFamily, fields]) => ({
    ...{ ...fields, uuid: `task-${task}` },
    ...(tellsFamily ? { root_id: 'task-0', parent_id: [null, 'task-0', 'task-1', 'task-8'][task % 4] } : {}),
  }));

/** Any order is one in which they may come; some come twice. */
const streams: fc.Arbitrary<EventStream> = fc.record({
  events: fc
    .tuple(
      fc.array(fc.oneof({ weight: 4, arbitrary: taskEvent }, { weight: 1, arbitrary: workerEvent }), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 10 }),
    )
    .map(([events, again]) => withCopies(events, again)),
  now: instant,
  maxWorkers: fc.constantFrom(2, 5_000),
  maxTasks: fc.constantFrom(1, 3, 10_000),
  takesNote: fc.boolean(),
});

function withCopies<Event>(events: readonly Event[], again: readonly (readonly [number, number])[]): readonly Event[] {
  const all = [...events];
  for (const [which, where] of again) all.splice(where % all.length, 0, ...all.slice(which % all.length).slice(0, 1));
  return all;
}

test('The state of a cluster is the one that Celery makes of the same events, whatever their order [WK-171, WK-172, WK-175, WK-176, WK-177, WK-178, WK-179, WK-181]', async () => {
  await fc.assert(
    fc.asyncProperty(streams, async (stream) => {
      expect(play(stream)).toEqual(await python.play(stream));
    }),
    { seed: 20_301, numRuns: 250 },
  );
});

test('Events are printed as Celery prints them [CL-077]', async () => {
  const instants = fc.oneof(
    instant,
    fc.nat(2_000_000_000),
    fc.constantFrom(0.5, 1_795_229_213.041_124, 1_795_229_213 + 0.999_999_9),
  );
  const fields = {
    ...{ retries: told(fc.nat(9)), terminated: fc.boolean(), eta: told(word), runtime: told(seconds) },
    ...{ loadavg: fc.array(seconds, { maxLength: 3 }), local_received: instants, é: word, Z: word, result: told(word) },
  };
  const calls = { uuid: fc.constantFrom('a', 'b'), name: told(word), args: told(word), kwargs: told(word) };
  const of = <Type extends string>(...types: Type[]) => ({
    ...{ hostname: fc.constantFrom(...hosts), timestamp: instants, type: fc.constantFrom(...types) },
  });
  const required = ['hostname', 'timestamp', 'type'] as const;
  const lines = fc.array(
    fc.oneof(
      fc.record(
        { ...of('worker-online', 'worker-heartbeat', 'worker-offline', 'Worker-Elect-Ack', 'order-packed'), ...fields },
        { requiredKeys: [...required] },
      ),
      fc.record(
        { ...of('task-sent', 'task-received', 'Task-Received'), ...calls, ...fields },
        { requiredKeys: [...required, 'uuid', 'name', 'args', 'kwargs'] },
      ),
      fc.record(
        { ...of('task-started', 'task-succeeded', 'task-half-done'), uuid: calls.uuid, ...fields },
        { requiredKeys: [...required, 'uuid'] },
      ),
    ),
    { minLength: 1, maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(lines, async (events) => {
      const dump = new EventDump();
      expect(events.map((event) => `${dump.line(event)}\n`).join('')).toBe(await python.dump(events));
    }),
    { seed: 20_302, numRuns: 100 },
  );
});

function play({ events, now, maxWorkers, maxTasks, takesNote }: EventStream): KnownAtTheEnd {
  const noted: string[] = [];
  const state = new ClusterState({
    ...{ maxWorkers, maxTasks, clock: new VirtualClock(now * 1_000) },
    ...(takesNote
      ? {
          onNodeJoin: ({ hostname }) => noted.push(`${hostname} joined`),
          onNodeLeave: ({ hostname }) => noted.push(`${hostname} left`),
        }
      : {}),
  });
  for (const event of events) state.event(event);
  const [firstType = ''] = state.taskTypes();
  const ids = (tasks: readonly { readonly uuid: string }[]) => tasks.map(({ uuid }) => uuid);
  return {
    ...{ events: state.eventCount, tasks_received: state.taskCount, types: state.taskTypes(), noted },
    workers: [...state.workers.values()].map((worker) => {
      const { counts, ...fields } = worker.toJSON();
      return { ...fields, alive: worker.isAlive };
    }),
    tasks: [...state.tasks.values()].map((task) => {
      const { more, children, ...fields } = task.toJSON();
      return { ...fields, children: children.toSorted() };
    }),
    latest_first: ids(state.tasksByTime()),
    earliest_first: ids(state.tasksByTime({ reverse: true })),
    of_first_type: ids(state.tasksByType(firstType)),
  };
}
