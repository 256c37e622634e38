import assert from 'node:assert/strict';
import type { ResultBackend, ResultNotifier } from '../../backend/result-backend.js';
import type { ResultRecord } from '../../result/result-record.js';
import { type BackendScene, find, record } from '../backend-scene.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';
import { pause, until } from '../patience.js';

const notifies: Requirement<ResultBackend> = { what: 'notifier', isMet: (backend) => backend.notifier !== undefined };

function notifierOf(backend: ResultBackend): ResultNotifier {
  assert.ok(backend.notifier);
  return backend.notifier;
}

/** Who waits for a result is told when it is stored. */
export const tellingCases: readonly CaseDescription<ResultBackend, BackendScene>[] = [
  {
    name: 'who watches is told what is stored, by whomever, and finds it then',
    requires: notifies,
    async run(scene) {
      const [client, worker] = [await scene.open(), await scene.open()];
      const told = new Set<string>();
      const came = new Map<string, ResultRecord>();
      const listener = await notifierOf(client).listen((taskIds, records = new Map()) => {
        for (const taskId of taskIds) told.add(taskId);
        for (const [taskId, stored] of records) came.set(taskId, stored);
      });
      const [first, second] = [record({ result: 1 }), record({ result: 2 })];
      await listener.watch([first.taskId, second.taskId]);
      await worker.store([first]);
      await until(scene.patienceMs, 'news of the first result', () => told.has(first.taskId));
      assert.deepEqual(await find(client, first.taskId), first);
      await client.store([second]);
      await until(scene.patienceMs, 'news of the second result', () => told.has(second.taskId));
      assert.deepEqual(await find(client, second.taskId), second);
      // What comes with the news is what was stored.
      for (const stored of [first, second]) assert.deepEqual(came.get(stored.taskId) ?? stored, stored);
      await listener.close();
    },
  },
  {
    name: 'every state is told',
    requires: notifies,
    async run(scene) {
      const backend = await scene.open();
      const told = new Set<string>();
      const listener = await notifierOf(backend).listen((taskIds) => taskIds.forEach((taskId) => told.add(taskId)));
      const { taskId } = record();
      await listener.watch([taskId]);
      for (const status of ['STARTED', 'PROGRESS', 'SUCCESS']) {
        told.clear();
        await backend.store([record({ taskId, status, dateDone: null })]);
        await until(scene.patienceMs, `news of ${status}`, () => told.has(taskId));
      }
      await listener.close();
    },
  },
  {
    name: 'a thousand results of one call are all told',
    requires: notifies,
    async run(scene) {
      const [client, worker] = [await scene.open(), await scene.open()];
      const told = new Set<string>();
      const listener = await notifierOf(client).listen((taskIds) => taskIds.forEach((taskId) => told.add(taskId)));
      const stored = Array.from({ length: 1_000 }, () => record());
      await listener.watch(stored.map(({ taskId }) => taskId));
      await worker.store(stored);
      await until(scene.patienceMs, 'a thousand results', () => stored.every(({ taskId }) => told.has(taskId)));
      await listener.close();
    },
  },
  {
    name: 'two listeners watch the same task, and one that has closed is told no more',
    requires: notifies,
    async run(scene) {
      const backend = await scene.open();
      const { taskId } = record();
      const told = [0, 0];
      const listeners = await Promise.all(
        told.map((_, index) =>
          notifierOf(backend).listen((taskIds) => {
            if (taskIds.includes(taskId)) told[index] = (told[index] ?? 0) + 1;
          }),
        ),
      );
      for (const listener of listeners) await listener.watch([taskId]);
      await backend.store([record({ taskId, status: 'STARTED', dateDone: null })]);
      await until(scene.patienceMs, 'news for both', () => told.every((times) => times > 0));
      // The first news may come twice; it has to be through before silence means anything.
      await pause(50);
      await listeners[0]?.close();
      await listeners[0]?.close();
      const [first, second = 0] = told;
      await backend.store([record({ taskId })]);
      await until(scene.patienceMs, 'news for the other', () => (told[1] ?? 0) > second);
      await pause(50);
      assert.equal(told[0], first);
      await listeners[1]?.close();
    },
  },
  {
    name: 'watching and unwatching again and again leaves the rest watched',
    requires: notifies,
    async run(scene) {
      const backend = await scene.open();
      const told = new Set<string>();
      const listener = await notifierOf(backend).listen((taskIds) => taskIds.forEach((taskId) => told.add(taskId)));
      const [dropped, kept] = [record(), record()];
      await listener.watch([dropped.taskId, kept.taskId]);
      await listener.unwatch([dropped.taskId]);
      await listener.unwatch([dropped.taskId]);
      await listener.watch([kept.taskId]);
      await backend.store([dropped, kept]);
      await until(scene.patienceMs, 'news of what is still watched', () => told.has(kept.taskId));
      told.clear();
      const again = record();
      await listener.watch([again.taskId]);
      await backend.store([again]);
      await until(scene.patienceMs, 'news of what is watched anew', () => told.has(again.taskId));
      await listener.close();
    },
  },
];
