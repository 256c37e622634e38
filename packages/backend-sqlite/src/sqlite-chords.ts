import type { ChordPart, ChordProgress, ChordRole, ResultBackendContext } from '@ctq/core/backend';
import type { SharedFile } from './shared-file.js';

const open = `
  INSERT INTO ctq_chord (group_id, size, expires_at) VALUES (?1, ?2, ?3)
  ON CONFLICT (group_id) DO UPDATE SET size = excluded.size, expires_at = excluded.expires_at`;
/** A part may come before its chord is opened. */
const touch = `
  INSERT INTO ctq_chord (group_id, expires_at) VALUES (?1, ?2)
  ON CONFLICT (group_id) DO UPDATE SET expires_at = excluded.expires_at`;
const add = `
  INSERT INTO ctq_chord_part (group_id, place, task_id, part_index, state, result)
  VALUES (?1, (SELECT count FROM ctq_chord WHERE group_id = ?1), ?2, ?3, ?4, ?5)
  ON CONFLICT (group_id, task_id) DO NOTHING`;
const count = `
  UPDATE ctq_chord SET count = count + ?2 WHERE group_id = ?1
  RETURNING count, size + (SELECT count(*) FROM ctq_chord_addition WHERE group_id = ?1)`;
const grow = 'INSERT INTO ctq_chord_addition (group_id, task_id) VALUES (?, ?) ON CONFLICT DO NOTHING';
const shrink = 'DELETE FROM ctq_chord_addition WHERE group_id = ? AND task_id = ?';
const parts = `
  SELECT task_id, part_index, state, result FROM ctq_chord_part WHERE group_id = ?
  ORDER BY part_index IS NULL, part_index, place`;

/** Chords join in one transaction per part, so the process that adds the last one knows it. */
export class SqliteChords implements ChordRole {
  readonly #file: SharedFile;
  readonly #context: () => ResultBackendContext;

  constructor(file: SharedFile, context: () => ResultBackendContext) {
    this.#file = file;
    this.#context = context;
  }

  async openChord(groupId: string, size: number): Promise<void> {
    const database = await this.#file.database();
    const expiresAt = this.#expiresAt();
    await database.transaction(() => database.statement(open).run([groupId, size, expiresAt]));
  }

  async growChord(groupId: string, taskId: string): Promise<boolean> {
    const database = await this.#file.database();
    const expiresAt = this.#expiresAt();
    return database.transaction(() => {
      database.statement(touch).run([groupId, expiresAt]);
      return database.statement(grow).run([groupId, taskId]) === 1;
    });
  }

  async shrinkChord(groupId: string, taskId: string): Promise<void> {
    const database = await this.#file.database();
    await database.transaction(() => database.statement(shrink).run([groupId, taskId]));
  }

  async addPart(groupId: string, part: ChordPart): Promise<ChordProgress> {
    const database = await this.#file.database();
    const result = this.#context().codec.encodeValue(part.result);
    const expiresAt = this.#expiresAt();
    return database.transaction(() => {
      database.statement(touch).run([groupId, expiresAt]);
      const added = database.statement(add).run([groupId, part.taskId, part.index ?? null, part.state, result]);
      const row = database.statement<[number, number | null]>(count).row([groupId, added]);
      return { count: row?.[0] ?? 0, size: row?.[1] ?? undefined };
    });
  }

  async parts(groupId: string): Promise<readonly ChordPart[]> {
    const database = await this.#file.database();
    const rows = await database.read(() =>
      database.statement<readonly [string, number | null, string, Uint8Array]>(parts).rows([groupId]),
    );
    const { codec } = this.#context();
    return rows.map(([taskId, index, state, result]) => ({
      taskId,
      index: index ?? undefined,
      state,
      result: codec.decodeValue(result),
    }));
  }

  async closeChord(groupId: string): Promise<void> {
    const database = await this.#file.database();
    await database.transaction(() => database.statement('DELETE FROM ctq_chord WHERE group_id = ?').run([groupId]));
  }

  #expiresAt(): number | null {
    const { expiresMs } = this.#context();
    return expiresMs === undefined ? null : this.#file.now() + expiresMs;
  }
}
