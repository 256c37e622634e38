import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ChordPart, ChordRole, ResultBackend } from '../../backend/result-backend.js';
import type { BackendScene } from '../backend-scene.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';

const joinsChords: Requirement<ResultBackend> = { what: 'chords', isMet: (backend) => backend.chords !== undefined };

function chordsOf(backend: ResultBackend): ChordRole {
  assert.ok(backend.chords);
  return backend.chords;
}

function part(index: number | undefined, given: Partial<ChordPart> = {}): ChordPart {
  return { taskId: randomUUID(), index, state: 'SUCCESS', result: index ?? null, ...given };
}

/** Parts of a chord are counted once each, however often they are reported and by whom. */
export const joiningCases: readonly CaseDescription<ResultBackend, BackendScene>[] = [
  {
    name: 'parts are counted up to the size, and given in the order of their index',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      await chords.openChord(groupId, 3);
      const parts = [2, 0, 1].map((index) => part(index, { result: `result ${index}` }));
      const counts = [];
      for (const one of parts) counts.push(await chords.addPart(groupId, one));
      assert.deepEqual(
        counts.map(({ count, size }) => [count, size]),
        [
          [1, 3],
          [2, 3],
          [3, 3],
        ],
      );
      const found = await chords.parts(groupId);
      assert.deepEqual(
        found.map(({ result }) => result),
        ['result 0', 'result 1', 'result 2'],
      );
    },
  },
  {
    name: 'a part that is reported again is not counted again, and sees how the chord stands',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      await chords.openChord(groupId, 2);
      const [first, second] = [part(0), part(1)];
      for (let times = 0; times < 4; times += 1) await chords.addPart(groupId, first);
      assert.deepEqual(await chords.addPart(groupId, first), { count: 1, size: 2 });
      assert.deepEqual(await chords.addPart(groupId, second), { count: 2, size: 2 });
      assert.deepEqual(await chords.addPart(groupId, first), { count: 2, size: 2 });
      assert.equal((await chords.parts(groupId)).length, 2);
    },
  },
  {
    name: 'parts that come before the chord is opened count, and have no size yet',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      assert.equal((await chords.addPart(groupId, part(0))).size, undefined);
      await chords.openChord(groupId, 2);
      assert.deepEqual(await chords.addPart(groupId, part(1)), { count: 2, size: 2 });
    },
  },
  {
    name: 'opening twice is as good as once',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      await chords.openChord(groupId, 2);
      await chords.addPart(groupId, part(0));
      await chords.openChord(groupId, 2);
      assert.deepEqual(await chords.addPart(groupId, part(1)), { count: 2, size: 2 });
    },
  },
  {
    name: 'of different parts that are reported at once exactly one sees the count reach the size',
    requires: joinsChords,
    async run(scene) {
      const clients = [chordsOf(await scene.open()), chordsOf(await scene.open())];
      const groupId = randomUUID();
      const parts = Array.from({ length: 40 }, (_, index) => part(index));
      await clients[0]?.openChord(groupId, parts.length);
      const progress = await Promise.all(
        parts.map((one, index) => (clients[index % 2] as ChordRole).addPart(groupId, one)),
      );
      assert.equal(progress.filter(({ count }) => count === parts.length).length, 1);
    },
  },
  {
    name: 'of parts that are reported at once, some of them twice, somebody sees the last one',
    requires: joinsChords,
    async run(scene) {
      const clients = [chordsOf(await scene.open()), chordsOf(await scene.open())];
      const groupId = randomUUID();
      const parts = Array.from({ length: 40 }, (_, index) => part(index));
      await clients[0]?.openChord(groupId, parts.length);
      const reports = [...parts, ...parts.slice(0, 10)].map((one, index) =>
        (clients[index % 2] as ChordRole).addPart(groupId, one),
      );
      const progress = await Promise.all(reports);
      assert.ok(progress.some(({ count }) => count === parts.length));
      assert.deepEqual(
        (await (clients[1] as ChordRole).parts(groupId)).map(({ taskId }) => taskId),
        parts.map(({ taskId }) => taskId),
      );
    },
  },
  {
    name: 'a part keeps its state and its result; parts without an index are last',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      const failed = part(undefined, {
        state: 'FAILURE',
        result: { excType: 'ValueError', excMessage: ['x'], excModule: 'builtins' },
      });
      const fine = part(7, { result: { nested: [1, null, 'é'] } });
      await chords.openChord(groupId, 2);
      await chords.addPart(groupId, failed);
      await chords.addPart(groupId, fine);
      assert.deepEqual(await chords.parts(groupId), [fine, failed]);
    },
  },
  {
    name: 'parts of the same index are all kept: flattened groups share theirs',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      await chords.openChord(groupId, 3);
      for (const index of [1, 0, 1]) await chords.addPart(groupId, part(index));
      assert.deepEqual(
        (await chords.parts(groupId)).map(({ index }) => index),
        [0, 1, 1],
      );
    },
  },
  {
    name: 'chords do not mix',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      for (const id of [groupId, `${groupId}.1`, `${groupId}1`]) {
        await chords.openChord(id, 2);
        assert.deepEqual(await chords.addPart(id, part(0)), { count: 1, size: 2 });
      }
    },
  },
  {
    name: 'a chord that is closed is forgotten, twice if need be, and nothing else is',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const [gone, stays] = [randomUUID(), randomUUID()];
      for (const id of [gone, stays]) {
        await chords.openChord(id, 2);
        await chords.addPart(id, part(0));
      }
      await chords.closeChord(gone);
      await chords.closeChord(gone);
      assert.deepEqual(await chords.parts(gone), []);
      assert.equal((await chords.addPart(gone, part(1))).size, undefined);
      assert.deepEqual(await chords.addPart(stays, part(1)), { count: 2, size: 2 });
    },
  },
  {
    name: 'a chord that has grown waits for one part more, and for those of the same task once',
    requires: joinsChords,
    async run(scene) {
      const clients = [chordsOf(await scene.open()), chordsOf(await scene.open())] as const;
      const groupId = randomUUID();
      const [member, added, other] = [part(0), part(0), part(0)];
      await clients[0].openChord(groupId, 1);
      assert.equal(await clients[0].growChord(groupId, added.taskId), true);
      assert.equal(await clients[1].growChord(groupId, added.taskId), false);
      assert.deepEqual(await clients[0].addPart(groupId, added), { count: 1, size: 2 });
      assert.equal(await clients[1].growChord(groupId, other.taskId), true);
      assert.deepEqual(await clients[1].addPart(groupId, other), { count: 2, size: 3 });
      assert.deepEqual(await clients[1].addPart(groupId, member), { count: 3, size: 3 });
    },
  },
  {
    name: 'a chord that shrinks does not wait for that task any more, which may be added again',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      const added = part(0);
      await chords.openChord(groupId, 1);
      await chords.growChord(groupId, added.taskId);
      await chords.growChord(groupId, randomUUID());
      await chords.shrinkChord(groupId, added.taskId);
      await chords.shrinkChord(groupId, added.taskId);
      assert.deepEqual(await chords.addPart(groupId, part(0)), { count: 1, size: 2 });
      assert.equal(await chords.growChord(groupId, added.taskId), true);
      assert.deepEqual(await chords.addPart(groupId, added), { count: 2, size: 3 });
    },
  },
  {
    name: 'a chord keeps what it has grown by when it is opened later, or again, and forgets it when it is closed',
    requires: joinsChords,
    async run(scene) {
      const chords = chordsOf(await scene.open());
      const groupId = randomUUID();
      const added = part(0);
      await chords.growChord(groupId, added.taskId);
      for (let times = 0; times < 2; times += 1) await chords.openChord(groupId, 1);
      assert.deepEqual(await chords.addPart(groupId, added), { count: 1, size: 2 });
      await chords.closeChord(groupId);
      await chords.openChord(groupId, 2);
      assert.deepEqual(await chords.addPart(groupId, part(0)), { count: 1, size: 2 });
      assert.equal(await chords.growChord(groupId, added.taskId), true);
    },
  },
  {
    name: 'a chord that members add to at the same time grows by all that they add',
    requires: joinsChords,
    async run(scene) {
      const clients = [chordsOf(await scene.open()), chordsOf(await scene.open())];
      const groupId = randomUUID();
      const added = Array.from({ length: 20 }, () => part(0));
      await clients[0]?.openChord(groupId, 1);
      await Promise.all(added.map(({ taskId }, index) => (clients[index % 2] as ChordRole).growChord(groupId, taskId)));
      assert.deepEqual(await clients[1]?.addPart(groupId, part(0)), { count: 1, size: 21 });
    },
  },
];
