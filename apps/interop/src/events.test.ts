import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { ClusterState, EventReceiver, type WorkerHeartbeatEvent } from '@ctq/core/events';
import { deferred } from '@ctq/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteQueues } from './ctq-peer.js';
import { describeOverBrokers, transportOf } from './places.js';
import { CeleryWorker } from './python/celery-worker.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';

const soon = { timeout: '20s' } as const;

describeOverBrokers('Events of a Python worker', { redis: 'interopEvents', amqp: 'interopEvents' }, (place) => {
  const queue = 'python-events';
  const app = new Ctq('interop', {
    broker: transportOf(place),
    backend: redisBackend({ url: place.backend }),
    taskSendSentEvent: true,
  });
  let worker: CeleryWorker;

  beforeAll(async () => {
    if (place.on === 'RabbitMQ') await deleteQueues(place, [queue]);
    const settings = { worker_send_task_events: true, worker_enable_remote_control: true };
    worker = await CeleryWorker.start(await pythonWithCelery(), { ...place, settings }, [queue]);
  }, makingPythonMs);

  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await app.close();
  });

  test('are heard by ctq, which knows the worker and its tasks by them [WK-166, WK-167] {ctq → python: events of tasks, events of workers}', async () => {
    await using receiver = new EventReceiver(app);
    const state = new ClusterState();
    const succeeded = deferred<unknown>();
    receiver.on('*', (event) => {
      state.event(event);
      if (event.type === 'task-succeeded') succeeded.resolve(event);
    });
    await receiver.start();
    const result = await app.sendTask('python.echo', ['hello'], {}, { queue });
    expect(await result.get(soon)).toBe('hello');
    await succeeded.promise;
    expect(state.tasks.get(result.id)?.toJSON()).toMatchObject({
      ...{ name: 'python.echo', state: 'SUCCESS', args: "('hello',)", kwargs: '{}', result: "'hello'" },
      ...{ root_id: result.id, parent_id: null, retries: 0, runtime: expect.any(Number) },
      ...{ sent: expect.any(Number), received: expect.any(Number), started: expect.any(Number) },
      ...{ client: expect.stringMatching(/^gen/), worker: expect.stringMatching(/^python-.*@interop$/) },
    });
    expect(state.aliveWorkers().map(({ hostname }) => hostname)).toEqual([
      state.tasks.get(result.id)?.worker?.hostname,
    ]);
  });

  test('come when ctq asks for them [WK-168]', async () => {
    await using receiver = new EventReceiver(app);
    const asked = deferred<WorkerHeartbeatEvent>();
    // Those of its own accord tell what it does.
    receiver.on('worker-heartbeat', (event) => {
      if (event.active === undefined) asked.resolve(event);
    });
    await receiver.start();
    expect(await asked.promise).toMatchObject({ freq: 5, sw_ident: 'py-celery', sw_ver: '5.6.3' });
  });
});
