import { createContentCodec } from '@ctq/messaging';
import { silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { resultBackendConformance } from '../conformance/index.js';
import { createResultCodec } from '../result/result-codec.js';
import type { ResultRecord } from '../result/result-record.js';
import { MemoryResults, memoryBackend } from './memory-backend.js';
import type { ResultBackend } from './result-backend.js';

const codec = createResultCodec(createContentCodec(), 'json');
const clock = new VirtualClock();

async function opened(backend: ResultBackend, expiresMs?: number): Promise<ResultBackend> {
  await backend.open({ clock, logger: silentLogger, codec, expiresMs }, new AbortController().signal);
  return backend;
}

const record = (taskId: string, result: unknown = null): ResultRecord => ({
  ...{ taskId, status: 'SUCCESS', result, traceback: null, children: [], dateDone: null },
});

describe('the memory backend', () => {
  const results = new MemoryResults();
  const create = (): ResultBackend => memoryBackend(results);
  const kit = resultBackendConformance({ create, clock, passTime: (ms) => clock.advance(ms) });
  for (const { name, isSupported, run } of kit) test.skipIf(!isSupported)(name, run);

  test('sees what another one over the same results stores, and nothing of the rest', async () => {
    const shared = new MemoryResults();
    const backends = [memoryBackend(shared), memoryBackend(shared), memoryBackend()];
    for (const backend of backends) await opened(backend);
    await backends[0]?.store([record('t')]);
    await backends[0]?.close();
    expect(await Promise.all(backends.map(async (backend) => (await backend.getMany(['t'])).size))).toEqual([1, 1, 0]);
  });

  test('gives everyone who reads a value of their own', async () => {
    const backend = await opened(memoryBackend());
    const value = { list: [1] };
    await backend.store([record('t', value)]);
    value.list.push(2);
    const read = async (): Promise<unknown> => (await backend.getMany(['t'])).get('t')?.result;
    ((await read()) as typeof value).list.push(3);
    expect(await read()).toEqual({ list: [1] });
  });

  test('keeps nothing for ever: results, groups and parts of chords that nobody closes expire', async () => {
    const shared = new MemoryResults();
    const backend = await opened(memoryBackend(shared), 1_000);
    for (let index = 0; index < 50; index += 1) {
      await backend.store([record(`t${index}`)]);
      await backend.groups?.saveGroup(`g${index}`, []);
      await backend.chords?.addPart(`c${index}`, { taskId: 't', index: 0, state: 'SUCCESS', result: null });
      await clock.advance(100);
    }
    expect(shared.kept.size).toBeLessThanOrEqual(11);
    expect(await backend.groups?.getGroup('g0')).toBeUndefined();
    expect(await backend.chords?.parts('c0')).toEqual([]);
    expect(shared.groups.size).toBeLessThanOrEqual(11);
    expect(shared.chords.size).toBeLessThanOrEqual(11);
  });
});
