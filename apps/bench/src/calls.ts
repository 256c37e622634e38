import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type AppOptions, Ctq, type Interceptor } from '@ctq/core';
import { redisBackend } from '@ctq/backend-redis';
import { memoryTransport } from '@ctq/messaging';
import { disabledBackend } from '@ctq/core/backend';
import { startServices } from '@ctq/test-services';
import { Redis } from 'ioredis';
import type { Figure } from './measure.js';

const waiting = 10_000;
const callsPerBatch = 250;
const batches = 80;

/** What a call costs its sender, and what it costs to wait for many results at once. */
export async function calls(): Promise<readonly Figure[]> {
  return [...(await sendingFigures()), ...(await waitingFigures())];
}

interface Order {
  readonly id: number;
}

/** A Standard Schema that lets everything pass: what validating costs is the schema's own business. */
const anyOrder = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value: unknown) => ({ value: value as Order }),
    types: undefined as { readonly input: Order; readonly output: Order } | undefined,
  },
} as const;

const passing: Interceptor = { name: 'passing', publish: (call, next) => next(call) };

async function sendingFigures(): Promise<readonly Figure[]> {
  return [
    ...(await costOf('delay', {}, (app) => {
      const add = app.task('add', (x: number, y: number) => x + y);
      return (n) => add.delay(n, 1);
    })),
    ...(await costOf('delay, with a schema', {}, (app) => {
      const order = app.task('order', { schema: anyOrder }, ({ id }) => id);
      return (n) => order.delay({ id: n });
    })),
    ...(await costOf('delay, with three interceptors', { interceptors: [passing, passing, passing] }, (app) => {
      const add = app.task('add', (x: number, y: number) => x + y);
      return (n) => add.delay(n, 1);
    })),
    ...(await costOf('delay, with both signals of a publish', {}, (app) => {
      const add = app.task('add', (x: number, y: number) => x + y);
      app.signals.beforeTaskPublish.connect(() => undefined);
      app.signals.afterTaskPublish.connect(() => undefined);
      return (n) => add.delay(n, 1);
    })),
    ...(await costOf('delay, with the event task-sent', { taskSendSentEvent: true }, (app) => {
      const add = app.task('add', (x: number, y: number) => x + y);
      return (n) => add.delay(n, 1);
    })),
  ];
}

/** CPU and allocations of one call up to a broker in memory. */
async function costOf(
  name: string,
  options: AppOptions,
  prepare: (app: Ctq) => (n: number) => Promise<unknown>,
): Promise<readonly Figure[]> {
  await using app = new Ctq('bench', { broker: memoryTransport(), backend: disabledBackend(), ...options });
  const call = prepare(app);
  const runBatch = async (): Promise<void> => {
    await Promise.all(Array.from({ length: callsPerBatch }, (_, n) => call(n)));
  };
  for (let batch = 0; batch < batches / 4; batch += 1) await runBatch();
  const allocated: number[] = [];
  const before = process.cpuUsage();
  for (let batch = 0; batch < batches; batch += 1) {
    const { heapUsed } = process.memoryUsage();
    await runBatch();
    allocated.push(process.memoryUsage().heapUsed - heapUsed);
  }
  const { user, system } = process.cpuUsage(before);
  // A batch in which garbage was collected says nothing of what was allocated; most have none.
  const typical = [...allocated].sort((a, b) => a - b)[Math.floor((batches * 3) / 4)] ?? Number.NaN;
  return [
    { name: `${name}: CPU`, value: (user + system) / (batches * callsPerBatch), unit: 'µs' },
    { name: `${name}: allocated`, value: typical / callsPerBatch / 1_024, unit: 'KiB' },
  ];
}

/** Ten thousand `get()`s at the same time, answered over the connection of another app. */
async function waitingFigures(): Promise<readonly Figure[]> {
  await using services = await startServices({ redis: true });
  if (services.redis === undefined) throw new Error('There is no Redis here and none could be installed.');
  const { url } = services.redis;
  const admin = new Redis(url);
  const connections = async (): Promise<number> =>
    Number(/connected_clients:(\d+)/.exec(await admin.info('clients'))?.[1] ?? Number.NaN);
  try {
    await using worker = new Ctq('worker', { broker: memoryTransport(), backend: redisBackend({ url }) });
    await worker.backend();
    const others = await connections();
    await using client = new Ctq('client', { broker: memoryTransport(), backend: redisBackend({ url }) });
    const ids = Array.from({ length: waiting }, () => crypto.randomUUID());
    const memoryBefore = liveBytes();
    const startedAt = performance.now();
    const values = Promise.all(ids.map((id) => client.asyncResult<number>(id).get({ timeout: '1m' })));
    // Behind the looks of all of them, over the same connection.
    await new Promise((resolve) => setImmediate(resolve));
    await client.asyncResult('other').exists();
    const held = (await connections()) - others;
    const heldMiB = (liveBytes() - memoryBefore) / 1_024 / 1_024;
    await Promise.all(
      ids.map((taskId, n) =>
        worker.kernel.results.store({
          ...{ taskId, status: 'SUCCESS', result: n, traceback: null, children: [], dateDone: null },
        }),
      ),
    );
    await values;
    const seconds = (performance.now() - startedAt) / 1_000;
    return [
      { name: '10,000 concurrent get(): until all have theirs', value: seconds, unit: 's' },
      { name: '10,000 concurrent get(): memory', value: heldMiB, unit: 'MiB' },
      { name: '10,000 concurrent get(): connections', value: held, unit: '', expected: { atMost: 2 } },
    ];
  } finally {
    admin.disconnect();
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is held, without what was only left behind. */
function liveBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
