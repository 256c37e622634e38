import type { GroupRole, ResultBackendContext } from '@ctq/core/backend';
import type { SharedFile } from './shared-file.js';

const save = 'INSERT OR REPLACE INTO ctq_group (group_id, document, expires_at) VALUES (?, ?, ?)';
const find = 'SELECT document FROM ctq_group WHERE group_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)';

/** Saved groups: the tuple of a group's results, encoded as results are. */
export class SqliteGroups implements GroupRole {
  readonly #file: SharedFile;
  readonly #context: () => ResultBackendContext;

  constructor(file: SharedFile, context: () => ResultBackendContext) {
    this.#file = file;
    this.#context = context;
  }

  async saveGroup(groupId: string, value: unknown): Promise<void> {
    const { codec, expiresMs } = this.#context();
    const expiresAt = expiresMs === undefined ? null : this.#file.now() + expiresMs;
    const row = [groupId, codec.encodeValue(value), expiresAt];
    const database = await this.#file.database();
    await database.transaction(() => database.statement(save).run(row));
  }

  async getGroup(groupId: string): Promise<unknown> {
    const database = await this.#file.database();
    const now = this.#file.now();
    const row = await database.read(() => database.statement<[Uint8Array]>(find).row([groupId, now]));
    return row === undefined ? undefined : this.#context().codec.decodeValue(row[0]);
  }

  async forgetGroup(groupId: string): Promise<void> {
    const database = await this.#file.database();
    await database.transaction(() => database.statement('DELETE FROM ctq_group WHERE group_id = ?').run([groupId]));
  }
}
