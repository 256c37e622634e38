import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VirtualClock } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forkFixture, messageOf } from '@ctq/test-services/vitest';
import { openNotes, read, temporaryFolder, write } from '../test/notes.js';
import { WalWatch } from './wal-watch.js';

/** A watch on a folder without a database: nothing comes but what the test says. */
async function silentWatch() {
  const clock = new VirtualClock();
  const state = { version: 1, looks: 0 };
  const path = join(await temporaryFolder(), 'absent.sqlite');
  const watch = new WalWatch({
    path,
    clock,
    dataVersion: () => {
      state.looks += 1;
      return state.version;
    },
    inspect: () => undefined,
  });
  onTestFinished(() => watch.close());
  return {
    clock,
    state,
    watch,
    /** What the WAL file of a database looks like from outside while somebody commits. Resolves after the look that the event led to. */
    async writeWal() {
      const looks = state.looks;
      await clock.advance(5);
      await appendFile(`${path}-wal`, 'frame');
      while (state.looks === looks) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('whoever listens for changes', () => {
  test('is told of a commit of another process', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const database = await openNotes(path);
    const child = forkFixture(new URL('../test/write-notes.mjs', import.meta.url), [path]);
    onTestFinished(() => void child.kill());
    await messageOf(child);
    for (const text of ['one', 'two', 'three']) {
      const seen = new Promise<void>((resolve) => {
        const end = database.onChange(() => {
          if (!read(database).includes(text)) return;
          end();
          resolve();
        });
      });
      child.send(text);
      await seen;
    }
    child.kill();
    await once(child, 'exit');
  });

  test('is told of a commit of another handle of this process, and so are all others', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const [database, other] = [await openNotes(path), await openNotes(path)];
    const told = Promise.all([1, 2, 3].map(() => new Promise<void>((resolve) => void database.onChange(resolve))));
    await write(other, 'news');
    await told;
  });

  test('is told of its own handle only what is announced', async () => {
    const path = join(await temporaryFolder(), 'notes.sqlite');
    const database = await openNotes(path);
    let told = 0;
    database.onChange(() => {
      told += 1;
    });
    await write(database, 'mine');
    expect(told).toBe(0);
    database.touch();
    database.touch();
    await Promise.resolve();
    expect(told).toBe(1);
  });

  test('finds within a second what no event told', async () => {
    const { clock, state, watch } = await silentWatch();
    let told = 0;
    watch.listen(() => {
      told += 1;
    });
    state.version = 2;
    await clock.advance(999);
    expect(told).toBe(0);
    await clock.advance(1);
    expect(told).toBe(1);
    await clock.advance(5_000);
    expect(told).toBe(1);
  });

  test('is not kept waiting by the looks that an earlier event left behind', async () => {
    const { clock, state, watch, writeWal } = await silentWatch();
    let told = 0;
    watch.listen(() => {
      told += 1;
    });
    await writeWal();
    // The looks are 64 ms apart by now.
    await clock.advance(70);
    await writeWal();
    await clock.advance(2);
    state.version = 2;
    await clock.advance(2);
    expect(told).toBe(1);
  });

  test('sees a commit that becomes visible only after its event, also behind another one', async () => {
    const { clock, state, watch, writeWal } = await silentWatch();
    let told = 0;
    watch.listen(() => {
      told += 1;
    });
    state.version = 2;
    await writeWal();
    expect(told).toBe(1);
    state.version = 3;
    await clock.advance(1);
    expect(told).toBe(2);
  });

  test('costs nothing any more when the last has left', async () => {
    const { clock, watch } = await silentWatch();
    const end = watch.listen(() => undefined);
    end();
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is told a last time when the handle is closed', async () => {
    const { watch } = await silentWatch();
    let told = 0;
    watch.listen(() => {
      told += 1;
    });
    watch.close();
    expect(told).toBe(1);
  });

  test('learns nothing of what was committed before', async () => {
    const { clock, state, watch } = await silentWatch();
    state.version = 2;
    let told = 0;
    watch.listen(() => {
      told += 1;
    });
    await clock.advance(2_000);
    expect(told).toBe(0);
  });
});
