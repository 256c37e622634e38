import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { forkFixture, messageOf, testFile } from '@ctq/test-services/vitest';
import { openBackend, success } from '../test/open-backend.js';

describe('processes that name the same file', () => {
  test('[BK-032] tell each other what they store, without a poll', async () => {
    const path = await testFile();
    const child = forkFixture(new URL('../test/store-when-told.mjs', import.meta.url), [path]);
    await messageOf(child);
    const backend = await openBackend(path);
    let onStored: (taskIds: readonly string[]) => void = () => undefined;
    const listener = await backend.notifier?.listen((taskIds) => onStored(taskIds));
    for (const taskId of ['one', 'two', 'three']) {
      const told = new Promise<void>((resolve) => {
        onStored = (taskIds) => taskIds.includes(taskId) && resolve();
      });
      child.send(taskId);
      await told;
      expect((await backend.getMany([taskId])).get(taskId)?.result).toBe(child.pid);
    }
    await listener?.close();
  });

  test('find what was stored by one that was killed with -9', async () => {
    const path = await testFile();
    const child = forkFixture(new URL('../test/store-when-told.mjs', import.meta.url), [path]);
    await messageOf(child);
    child.send('last words');
    expect(await messageOf(child)).toEqual({ stored: 'last words' });
    child.kill('SIGKILL');
    const backend = await openBackend(path);
    expect((await backend.getMany(['last words'])).size).toBe(1);
  });

  test('join a chord together: the one that adds the last part knows it', async () => {
    const path = await testFile();
    const backends = await Promise.all([openBackend(path), openBackend(path), openBackend(path)]);
    await backends[0].chords?.openChord('group', 30);
    const parts = Array.from({ length: 30 }, (_, index) => ({
      taskId: `t${index}`,
      index,
      state: 'SUCCESS',
      result: index,
    }));
    const adding = parts.map(async (part) => backends[part.index % 3]?.chords?.addPart('group', part));
    const standings = await Promise.all(adding);
    expect(standings.filter((standing) => standing?.count === standing?.size)).toHaveLength(1);
    expect(await backends[1].chords?.parts('group')).toEqual(parts);
  });
});

test.skipIf(process.platform === 'win32')(
  'a file that is replaced while it is in use is opened anew, and followed',
  async () => {
    const path = await testFile();
    const backend = await openBackend(path);
    await backend.store([success('before')]);
    const told = new Promise<readonly string[]>((resolve) => void backend.notifier?.listen(resolve));
    await Promise.all(['', '-wal', '-shm'].map((suffix) => rm(`${path}${suffix}`, { force: true })));
    // The file is looked at once a second: until then it takes results that nobody else sees.
    let isNew = false;
    while (!isNew) {
      await backend.store([success('after')]);
      isNew = (await backend.getMany(['before'])).size === 0;
    }
    await backend.store([success('after')]);
    expect(await told).toContain('after');
    expect([...(await backend.getMany(['before', 'after'])).keys()]).toEqual(['after']);
  },
);
