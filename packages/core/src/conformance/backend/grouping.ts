import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { GroupRole, ResultBackend } from '../../backend/result-backend.js';
import type { BackendScene } from '../backend-scene.js';
import type { CaseDescription, Requirement } from '@ctq/runtime/conformance';

const keepsGroups: Requirement<ResultBackend> = { what: 'groups', isMet: (backend) => backend.groups !== undefined };

function groupsOf(backend: ResultBackend): GroupRole {
  assert.ok(backend.groups);
  return backend.groups;
}

/** Groups are saved under their id. */
export const groupingCases: readonly CaseDescription<ResultBackend, BackendScene>[] = [
  {
    name: 'a group is found as it was saved, by another client too',
    requires: keepsGroups,
    async run(scene) {
      const [writer, reader] = [await scene.open(), await scene.open()];
      const groupId = randomUUID();
      const tuple = [
        [groupId, null],
        [[['a', null], null], [[['b', null], null]]],
      ];
      await groupsOf(writer).saveGroup(groupId, tuple);
      assert.deepEqual(await groupsOf(reader).getGroup(groupId), tuple);
    },
  },
  {
    name: 'saving again replaces, forgetting deletes, and what nobody saved is undefined',
    requires: keepsGroups,
    async run(scene) {
      const groups = groupsOf(await scene.open());
      const groupId = randomUUID();
      assert.equal(await groups.getGroup(groupId), undefined);
      await groups.saveGroup(groupId, [1]);
      await groups.saveGroup(groupId, [2]);
      assert.deepEqual(await groups.getGroup(groupId), [2]);
      await groups.forgetGroup(groupId);
      await groups.forgetGroup(groupId);
      assert.equal(await groups.getGroup(groupId), undefined);
    },
  },
];
