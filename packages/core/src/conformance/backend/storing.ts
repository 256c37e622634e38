import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ResultBackend } from '../../backend/result-backend.js';
import { type BackendScene, find, record } from '../backend-scene.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';

const failure = {
  ...{ excType: 'ValueError', excMessage: ['boom', 3], excModule: 'builtins' },
  own: {
    className: 'OutOfStock',
    properties: { sku: 'bolt', left: 0 },
    cause: { excType: 'Exception', excMessage: ['why'], excModule: 'builtins', traceback: 'a stack' },
  },
};

const readByAnyone: Requirement<ResultBackend> = {
  what: "readers: 'anyone'",
  isMet: ({ supports }) => supports.readers !== 'sender',
};
const readBySender: Requirement<ResultBackend> = {
  what: "readers: 'sender'",
  isMet: ({ supports }) => supports.readers === 'sender',
};

/** Outcomes are kept, replaced by later ones, and forgotten; a SUCCESS is final. */
export const storingCases: readonly CaseDescription<ResultBackend, BackendScene>[] = [
  {
    name: 'an outcome is found as it was stored',
    async run(scene) {
      const backend = await scene.open();
      const plain = record({ result: 5 });
      const full = record({
        result: { nested: [1, 'é😀', null, true, 1.5] },
        children: [[['child', [['parent', null], null]], null]],
        groupId: randomUUID(),
        parentId: randomUUID(),
      });
      const failed = record({ status: 'FAILURE', result: failure, traceback: 'Traceback …\n  at line 1\n' });
      const progress = record({ status: 'PROGRESS', result: { done: 3 }, dateDone: null, children: null });
      await backend.store([plain, full, failed, progress]);
      for (const stored of [plain, full, failed, progress])
        assert.deepEqual(await find(backend, stored.taskId), stored);
    },
  },
  {
    name: 'an extended outcome is found as it was stored',
    async run(scene) {
      const backend = await scene.open();
      const call = {
        name: 'shop.add',
        args: [1, 'x'],
        kwargs: { a: 2 },
        worker: 'w1@host',
        retries: 2,
        queue: 'celery',
      };
      const stored = [
        record({ extended: call }),
        record({ extended: { ...call, stampedHeaders: ['tenant'], stamps: { tenant: ['blue'] } } }),
      ];
      await backend.store(stored);
      for (const one of stored) assert.deepEqual(await find(backend, one.taskId), one);
    },
  },
  {
    name: "values of the serializer's types come back as what they were",
    async run(scene) {
      const backend = await scene.open();
      const result = { at: new Date('2030-01-02T03:04:05.678Z'), bytes: Uint8Array.of(0, 255), big: 2n ** 70n };
      const stored = record({ result });
      await backend.store([stored]);
      const found = (await find(backend, stored.taskId))?.result as typeof result;
      assert.equal(found.at.getTime(), result.at.getTime());
      assert.deepEqual([...found.bytes], [0, 255]);
      assert.equal(found.big, result.big);
    },
  },
  {
    name: 'another client finds it too, also after the first has gone',
    requires: readByAnyone,
    async run(scene) {
      const [writer, reader] = [await scene.open(), await scene.open()];
      const stored = record({ result: 1 });
      await writer.store([stored]);
      assert.deepEqual(await find(reader, stored.taskId), stored);
      await writer.close();
      assert.deepEqual(await find(reader, stored.taskId), stored);
    },
  },
  {
    name: 'who has sent the call finds it also after the worker has gone, and nobody else does',
    requires: readBySender,
    async run(scene) {
      const [sender, worker, other] = [await scene.open(), await scene.open(), await scene.open()];
      const stored = record({ result: 1 });
      await worker.store([stored]);
      await worker.close();
      assert.deepEqual(await find(sender, stored.taskId), stored);
      assert.deepEqual(await find(sender, stored.taskId), stored, 'a second time');
      assert.equal(await find(other, stored.taskId), undefined);
    },
  },
  {
    name: 'ids that nothing is known of are missing among the others',
    async run(scene) {
      const backend = await scene.open();
      const stored = record();
      await backend.store([stored]);
      assert.deepEqual(
        [...(await backend.getMany([randomUUID(), stored.taskId, randomUUID()])).keys()],
        [stored.taskId],
      );
      assert.equal(await find(backend, randomUUID()), undefined);
    },
  },
  {
    name: 'thousands of outcomes are stored and found in one call',
    async run(scene) {
      const backend = await scene.open();
      const stored = Array.from({ length: 2_000 }, (_, index) => record({ result: index }));
      await backend.store(stored);
      const found = await backend.getMany(stored.map(({ taskId }) => taskId));
      assert.ok(stored.every(({ taskId, result }) => found.get(taskId)?.result === result));
    },
  },
  {
    name: 'a later state replaces an earlier one',
    async run(scene) {
      const backend = await scene.open();
      const { taskId } = record();
      const states = [
        record({ taskId, status: 'STARTED', result: { pid: 1, hostname: 'h' }, dateDone: null }),
        record({ taskId, status: 'RETRY', result: failure, traceback: 'text', dateDone: null }),
        record({ taskId, status: 'FAILURE', result: failure }),
        record({ taskId, status: 'SUCCESS', result: 'done', parentId: taskId }),
      ];
      for (const state of states) {
        await backend.store([state]);
        assert.deepEqual(await find(backend, taskId), state);
      }
    },
  },
  {
    name: 'of several states of a task in one call the last one stands',
    async run(scene) {
      const backend = await scene.open();
      const { taskId } = record();
      const other = record({ result: 'other' });
      await backend.store([
        record({ taskId, status: 'STARTED', dateDone: null }),
        other,
        record({ taskId, status: 'FAILURE', result: failure }),
      ]);
      assert.equal((await find(backend, taskId))?.status, 'FAILURE');
      assert.deepEqual(await find(backend, other.taskId), other);
    },
  },
  {
    name: 'a SUCCESS is final, whoever stores what after it [TR-169]',
    async run(scene) {
      const [worker, late] = [await scene.open(), await scene.open()];
      const success = record({ result: 'kept' });
      const { taskId } = success;
      await worker.store([success]);
      for (const status of ['FAILURE', 'RETRY', 'STARTED', 'REVOKED', 'SUCCESS']) {
        const other = record({ result: 'also stored' });
        await late.store([record({ taskId, status, result: status === 'SUCCESS' ? 'late' : failure }), other]);
        assert.deepEqual(await find(worker, taskId), success, `${status} after SUCCESS`);
        assert.deepEqual(await find(worker, other.taskId), other);
      }
    },
  },
  {
    name: 'a SUCCESS is final within one call too',
    async run(scene) {
      const backend = await scene.open();
      const success = record({ result: 'kept' });
      await backend.store([success, record({ taskId: success.taskId, status: 'FAILURE', result: failure })]);
      assert.deepEqual(await find(backend, success.taskId), success);
    },
  },
  {
    name: 'what is forgotten is gone, nothing else is, and it may be stored again',
    async run(scene) {
      const backend = await scene.open();
      const [gone, stays] = [record({ result: 1 }), record({ result: 2 })];
      await backend.store([gone, stays]);
      await backend.forget([gone.taskId, randomUUID()]);
      assert.equal(await find(backend, gone.taskId), undefined);
      assert.deepEqual(await find(backend, stays.taskId), stays);
      const again = record({ taskId: gone.taskId, status: 'FAILURE', result: failure });
      await backend.store([again]);
      assert.deepEqual(await find(backend, gone.taskId), again);
    },
  },
  {
    name: 'nothing to do is done',
    async run(scene) {
      const backend = await scene.open();
      await backend.store([]);
      await backend.forget([]);
      assert.equal((await backend.getMany([])).size, 0);
    },
  },
  {
    name: 'a task id may be any text',
    async run(scene) {
      const backend = await scene.open();
      const stored = ["it's", 'a%b', 'a_b', 'é😀', 'A', 'a', 'x'.repeat(150)].map((name) =>
        record({ taskId: `${name}-${randomUUID()}`.slice(0, 155), result: name }),
      );
      await backend.store(stored);
      for (const one of stored) assert.deepEqual(await find(backend, one.taskId), one);
    },
  },
  {
    name: 'outcomes are gone when their time is over',
    async run(scene) {
      const backend = await scene.open({ expiresMs: 500 });
      const [old, young] = [record(), record()];
      await backend.store([old]);
      assert.deepEqual(await find(backend, old.taskId), old);
      await scene.passTime(400);
      await backend.store([young]);
      await scene.passTime(250);
      const deleted = backend.supports.expiry === 'cleanup' ? await backend.cleanup?.() : 1;
      assert.ok((deleted ?? 0) >= 1, 'cleanup tells what it has deleted');
      assert.equal(await find(backend, old.taskId), undefined);
      assert.deepEqual(await find(backend, young.taskId), young);
    },
  },
  {
    name: 'opening with an aborted signal rejects with its reason',
    async run(scene) {
      const reason = new Error('The kit has changed its mind.');
      await assert.rejects(scene.open({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    },
  },
  {
    name: 'closing twice is fine',
    async run(scene) {
      const backend = await scene.open();
      await backend.close();
      await backend.close();
    },
  },
];
