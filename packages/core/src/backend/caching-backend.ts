import type { ResultRecord } from '../result/result-record.js';
import type { ResultBackend } from './result-backend.js';

/**
 * A backend that remembers the successes it has read, which nothing follows, and does not ask for them again (the setting `resultCacheMax`; celery 5.6
 * backends/base.py, get_task_meta). The one that was not asked for longest goes first.
 */
export function cachingBackend(backend: ResultBackend, limit: number): ResultBackend {
  const cached = new Map<string, ResultRecord>();
  const keep = (records: ReadonlyMap<string, ResultRecord>): void => {
    for (const [taskId, record] of records) {
      if (record.status !== 'SUCCESS') continue;
      cached.delete(taskId);
      cached.set(taskId, record);
      const [oldest] = cached.keys();
      if (cached.size > limit && oldest !== undefined) cached.delete(oldest);
    }
  };
  const { notifier } = backend;
  return {
    spec: backend.spec,
    name: backend.name,
    url: backend.url,
    supports: backend.supports,
    open: (context, signal) => backend.open(context, signal),
    close: () => backend.close(),
    store: (records) => backend.store(records),
    async getMany(taskIds) {
      const known = new Map<string, ResultRecord>();
      for (const taskId of taskIds) {
        const record = cached.get(taskId);
        if (record !== undefined) known.set(taskId, record);
      }
      keep(known);
      if (known.size === taskIds.length) return known;
      const found = await backend.getMany(taskIds.filter((taskId) => !known.has(taskId)));
      keep(found);
      return new Map([...known, ...found]);
    },
    async forget(taskIds) {
      for (const taskId of taskIds) cached.delete(taskId);
      await backend.forget(taskIds);
    },
    ...(backend.cleanup === undefined ? {} : { cleanup: backend.cleanup.bind(backend) }),
    ...(notifier === undefined
      ? {}
      : {
          notifier: {
            listen: (onStored) =>
              notifier.listen((taskIds, records) => {
                if (records !== undefined) keep(records);
                onStored(taskIds, records);
              }),
          },
        }),
    ...(backend.expectResult === undefined ? {} : { expectResult: backend.expectResult.bind(backend) }),
    ...(backend.groups === undefined ? {} : { groups: backend.groups }),
    ...(backend.chords === undefined ? {} : { chords: backend.chords }),
  };
}
