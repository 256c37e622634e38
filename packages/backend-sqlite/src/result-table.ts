import type { ResultCodec, ResultRecord } from '@ctq/core/backend';
import type { Database, SqlValue } from '@ctq/sqlite';

const sizes = [50, 10, 1] as const;
const row = '(?, ?, ?, ?)';
const inserts: ReadonlyMap<number, string> = new Map(
  sizes.map((size) => [
    size,
    `INSERT OR REPLACE INTO ctq_result (task_id, status, document, expires_at) VALUES ${Array.from({ length: size }, () => row).join(', ')}`,
  ]),
);
const live = '(expires_at IS NULL OR expires_at > ?2)';
const final = `
  SELECT task_id FROM ctq_result WHERE task_id IN (SELECT value FROM json_each(?1)) AND status = 'SUCCESS' AND ${live}`;
const find = `SELECT task_id, document FROM ctq_result WHERE task_id IN (SELECT value FROM json_each(?1)) AND ${live}`;
const forget = 'DELETE FROM ctq_result WHERE task_id IN (SELECT value FROM json_each(?1))';

/** Outcomes, one row per task. Synchronous: whoever writes is inside of a transaction. */
export class ResultTable {
  readonly #database: Database;
  readonly #codec: ResultCodec;

  constructor(database: Database, codec: ResultCodec) {
    this.#database = database;
    this.#codec = codec;
  }

  /** The documents come first: what cannot be encoded fails before there is a transaction. */
  encode(records: readonly ResultRecord[], expiresAt: number | null): readonly EncodedResult[] {
    return records.map((record) => ({
      taskId: record.taskId,
      values: [record.taskId, record.status, this.#codec.encode(record), expiresAt],
      isFinal: record.status === 'SUCCESS',
    }));
  }

  /** celery 5.6 backends/base.py, KeyValueStoreBackend._store_result: a stored SUCCESS stays, whatever comes later. */
  store(results: readonly EncodedResult[], now: number): void {
    const ids = JSON.stringify(results.map(({ taskId }) => taskId));
    const done = new Set(
      this.#database
        .statement<[string]>(final)
        .rows([ids, now])
        .map(([taskId]) => taskId),
    );
    const fresh: EncodedResult[] = [];
    for (const result of results) {
      if (done.has(result.taskId)) continue;
      if (result.isFinal) done.add(result.taskId);
      fresh.push(result);
    }
    let from = 0;
    for (const size of sizes) {
      const insert = this.#database.statement(inserts.get(size) ?? '');
      for (; fresh.length - from >= size; from += size) {
        insert.run(fresh.slice(from, from + size).flatMap(({ values }) => values));
      }
    }
  }

  find(taskIds: readonly string[], now: number): Map<string, ResultRecord> {
    const rows = this.#database.statement<readonly [string, Uint8Array]>(find).rows([JSON.stringify(taskIds), now]);
    return new Map(rows.map(([taskId, document]) => [taskId, this.#codec.decode(document)]));
  }

  forget(taskIds: readonly string[]): void {
    this.#database.statement(forget).run([JSON.stringify(taskIds)]);
  }
}

export interface EncodedResult {
  readonly taskId: string;
  readonly values: readonly SqlValue[];
  readonly isFinal: boolean;
}
