import type { Message, Route } from '@ctq/messaging';
import type { HeldMessage, PopRequest, PushEntry, QueueSize, Settlement } from '@ctq/messaging/store';
import type { Database, SqlValue } from '@ctq/sqlite';
import { encodeEnvelope, heldMessage, type MessageRow, parseTag, tagPairs } from './message-row.js';
import { largeBodyBytes } from './message-schema.js';

const front = '(SELECT min(id) FROM ctq_message) - 1';
const back = '(SELECT max(id) FROM ctq_message) + 1';
const waiting = 'holder IS NULL AND due_at IS NULL';
const mine = 'id = ?1 AND holder = ?2 AND grab = ?3';

const takeFrom = (ids: string): string => `
  UPDATE ctq_message SET holder = ?3, grab = ?4 WHERE id IN (${ids})
  RETURNING id, queue, priority, deliveries, expires_at, envelope,
    coalesce(body, (SELECT large.body FROM ctq_body AS large WHERE large.id = ctq_message.body_id))`;

/** Each reads its index from the start, whatever the number of messages; of several queues at most `limit` rows each are compared. */
const sql = {
  pushBody: 'INSERT INTO ctq_body (body) VALUES (?) RETURNING id',
  takeFromOne: takeFrom(
    `SELECT id FROM ctq_message WHERE queue = ?1 AND ${waiting} ORDER BY priority DESC, id LIMIT ?2`,
  ),
  takeFromMany: takeFrom(`
    SELECT m.id FROM json_each(?1) AS q CROSS JOIN ctq_message AS m
    WHERE m.id IN (
      SELECT id FROM ctq_message AS w WHERE w.queue = q.value AND w.holder IS NULL AND w.due_at IS NULL
      ORDER BY w.priority DESC, w.id LIMIT ?2)
    ORDER BY m.priority DESC, q.key, m.id LIMIT ?2`),
  dropGrab: 'DELETE FROM ctq_message WHERE holder = ? AND grab = ?',
  due: `
    SELECT m.id FROM json_each(?1) AS q CROSS JOIN ctq_message AS m
    WHERE m.queue = q.value AND m.due_at <= ?2 ORDER BY m.due_at LIMIT 1000`,
  unpark: `UPDATE ctq_message SET id = ${front}, due_at = NULL WHERE id = ?`,
  ack: 'DELETE FROM ctq_message WHERE id IN (SELECT value FROM json_each(?1)) AND holder = ?2 AND grab = ?3',
  held: `
    SELECT id, grab FROM ctq_message
    WHERE holder = ?2 AND (id, grab) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))`,
  releaseFront: `UPDATE ctq_message SET holder = NULL, grab = NULL, deliveries = deliveries + ?4, id = ${front} WHERE ${mine}`,
  releaseBack: `UPDATE ctq_message SET holder = NULL, grab = NULL, deliveries = deliveries + ?4, id = ${back} WHERE ${mine}`,
  park: `UPDATE ctq_message SET holder = NULL, grab = NULL, due_at = ?4 WHERE ${mine}`,
  heldBy: 'SELECT id FROM ctq_message WHERE holder = ? ORDER BY id DESC LIMIT ?',
  giveBack: `UPDATE ctq_message SET holder = NULL, grab = NULL, deliveries = deliveries + 1, id = ${front} WHERE id = ?`,
  size: `
    SELECT
      (SELECT count(*) FROM ctq_message WHERE queue = ?1 AND ${waiting}),
      (SELECT count(*) FROM ctq_message WHERE queue = ?1 AND due_at <= ?2),
      (SELECT count(*) FROM ctq_message WHERE queue = ?1 AND due_at > ?2),
      (SELECT count(*) FROM ctq_message INDEXED BY ctq_message_held WHERE holder IS NOT NULL AND queue = ?1)`,
  purge: `
    DELETE FROM ctq_message WHERE id IN (
      SELECT id FROM (SELECT id FROM ctq_message WHERE queue = ?1 AND ${waiting} LIMIT ?2)
      UNION ALL SELECT id FROM (SELECT id FROM ctq_message WHERE queue = ?1 AND due_at IS NOT NULL LIMIT ?2))`,
  dropHeld:
    'DELETE FROM ctq_message WHERE id IN (SELECT id FROM ctq_message INDEXED BY ctq_message_held WHERE holder IS NOT NULL AND queue = ?)',
  expired: 'SELECT 1 FROM ctq_message WHERE expires_at <= ? AND holder IS NULL LIMIT 1',
  dropExpired:
    'DELETE FROM ctq_message WHERE id IN (SELECT id FROM ctq_message WHERE expires_at <= ?1 AND holder IS NULL LIMIT ?2)',
  look: `
    SELECT
      EXISTS (SELECT 1 FROM json_each(?1) AS q CROSS JOIN ctq_message AS m
        WHERE m.queue = q.value AND m.holder IS NULL AND m.due_at IS NULL),
      (SELECT min((SELECT m.due_at FROM ctq_message AS m WHERE m.queue = q.value AND m.due_at IS NOT NULL
        ORDER BY m.due_at LIMIT 1)) FROM json_each(?1) AS q)`,
} as const;

/** One row per execution of a statement costs more than the row; the numbers of rows that are inserted at once. */
const pushSizes = [50, 10, 1] as const;
const pushStatements: ReadonlyMap<number, string> = new Map(
  pushSizes.map((size) => [
    size,
    `INSERT INTO ctq_message (queue, priority, expires_at, envelope, body, body_id)
    VALUES ${Array.from({ length: size }, () => '(?, ?, ?, ?, ?, ?)').join(', ')}`,
  ]),
);

/** What lies in queues at one moment. */
export interface QueueGlance {
  readonly isWaiting: boolean;
  /** When the first parked message falls due. */
  readonly nextDueAt: number | undefined;
}

/** The messages of all queues. Synchronous: whoever calls is inside of a transaction, except for what only reads. */
export class MessageTable {
  readonly #database: Pick<Database, 'statement'>;

  constructor(database: Pick<Database, 'statement'>) {
    this.#database = database;
  }

  push(entries: readonly PushEntry[]): void {
    let from = 0;
    for (const size of pushSizes) {
      const insert = this.#database.statement(pushStatements.get(size) ?? '');
      for (; entries.length - from >= size; from += size) insert.run(this.#rowsOf(entries.slice(from, from + size)));
    }
  }

  /** Takes messages for a holder; `grab` numbers the pops of the holder and makes the tags unique. */
  take(request: PopRequest, holder: string, grab: number, now: number): HeldMessage[] {
    const { queues, limit, noAck } = request;
    const names = JSON.stringify(queues);
    this.#unparkDue(names, now);
    const rows =
      queues.length === 1
        ? this.#database.statement<MessageRow>(sql.takeFromOne).rows([queues[0] ?? '', limit, holder, grab])
        : this.#database.statement<MessageRow>(sql.takeFromMany).rows([names, limit, holder, grab]);
    if (noAck && rows.length > 0) this.#database.statement(sql.dropGrab).run([holder, grab]);
    return inOrder(rows, queues).map((row) => heldMessage(row, grab));
  }

  /** Resolves the settlements in their order; returns the tags that the holder does not hold. */
  settle(settlements: readonly Settlement[], holder: string): string[] {
    const lost: string[] = [];
    for (let from = 0; from < settlements.length; ) {
      let to = from;
      while (settlements[to]?.kind === 'ack') to += 1;
      if (to > from) this.#ack(settlements.slice(from, to), holder, lost);
      const other = settlements[to];
      if (other !== undefined && !this.#change(other, holder)) lost.push(other.tag);
      from = to + 1;
    }
    return lost;
  }

  /** Of the tags, those that the holder does not hold. */
  lost(tags: readonly string[], holder: string): string[] {
    const held = this.#database.statement<readonly [number, number]>(sql.held).rows([tagPairs(tags), holder]);
    return missing(tags, held);
  }

  /** Returns what a holder holds to the front of its queues, charged, youngest first, at most `limit`. */
  giveBack(holder: string, limit: number): number {
    const held = this.#database.statement<[number]>(sql.heldBy).rows([holder, limit]);
    const giveBack = this.#database.statement(sql.giveBack);
    for (const id of held) giveBack.run(id);
    return held.length;
  }

  size(queue: string, now: number): QueueSize {
    const row = this.#database.statement<[number, number, number, number]>(sql.size).row([queue, now]);
    const [ready = 0, due = 0, parked = 0, held = 0] = row ?? [];
    return { waiting: ready + due, parked, held };
  }

  /** Deletes waiting and parked messages, at most `limit` of each. */
  purge(queue: string, limit: number): number {
    return this.#database.statement(sql.purge).run([queue, limit]);
  }

  dropHeld(queue: string): number {
    return this.#database.statement(sql.dropHeld).run([queue]);
  }

  hasExpired(now: number): boolean {
    return this.#database.statement(sql.expired).row([now]) !== undefined;
  }

  /** Deletes messages that nobody may get any more, as queues without a consumer collect them. */
  dropExpired(now: number, limit: number): number {
    return this.#database.statement(sql.dropExpired).run([now, limit]);
  }

  glance(queues: readonly string[]): QueueGlance {
    const row = this.#database.statement<[number, number | null]>(sql.look).row([JSON.stringify(queues)]);
    return { isWaiting: row?.[0] === 1, nextDueAt: row?.[1] ?? undefined };
  }

  /** The columns of one insert. */
  #rowsOf(entries: readonly PushEntry[]): SqlValue[] {
    const values: SqlValue[] = [];
    // Copies of one message for several queues share their envelope.
    let message: Message | undefined;
    let route: Route | undefined;
    let envelope = '';
    for (const entry of entries) {
      if (entry.message !== message || entry.route !== route) {
        ({ message, route } = entry);
        envelope = encodeEnvelope(message, route);
      }
      const { body } = entry.message;
      const isLarge = body.byteLength > largeBodyBytes;
      const bodyId = isLarge ? (this.#database.statement<[number]>(sql.pushBody).row([body])?.[0] ?? null) : null;
      values.push(entry.queue, entry.priority, entry.expiresAt ?? null, envelope, isLarge ? null : body, bodyId);
    }
    return values;
  }

  /** The one that was due first ends up in front of the others. */
  #unparkDue(names: string, now: number): void {
    const due = this.#database.statement<[number]>(sql.due).rows([names, now]);
    const unpark = this.#database.statement(sql.unpark);
    for (const id of due.toReversed()) unpark.run(id);
  }

  /** Acknowledgements of one pop are one statement; whether it found them all is what it counts. */
  #ack(acks: readonly Settlement[], holder: string, lost: string[]): void {
    const tags = acks.map(({ tag }) => tag);
    this.#database.statement('SAVEPOINT ack').run();
    if (this.#deleteHeld(tags, holder) < tags.length) {
      this.#database.statement('ROLLBACK TO ack').run();
      lost.push(...this.lost(tags, holder));
      this.#deleteHeld(tags, holder);
    }
    this.#database.statement('RELEASE ack').run();
  }

  #deleteHeld(tags: readonly string[], holder: string): number {
    const idsByGrab = new Map<number, number[]>();
    for (const tag of tags) {
      const parts = parseTag(tag);
      if (parts === undefined) continue;
      const ids = idsByGrab.get(parts[1]);
      if (ids === undefined) idsByGrab.set(parts[1], [parts[0]]);
      else ids.push(parts[0]);
    }
    let deleted = 0;
    for (const [grab, ids] of idsByGrab)
      deleted += this.#database.statement(sql.ack).run([JSON.stringify(ids), holder, grab]);
    return deleted;
  }

  #change(settlement: Settlement, holder: string): boolean {
    const parts = parseTag(settlement.tag);
    if (parts === undefined) return false;
    const [id, grab] = parts;
    switch (settlement.kind) {
      case 'release': {
        const release = settlement.position === 'front' ? sql.releaseFront : sql.releaseBack;
        return this.#database.statement(release).run([id, holder, grab, settlement.charged ? 1 : 0]) > 0;
      }
      case 'park':
        return this.#database.statement(sql.park).run([id, holder, grab, Math.ceil(settlement.dueAt)]) > 0;
      case 'ack':
        return false;
    }
  }
}

/** RETURNING has no order of its own (sqlite.org/lang_returning.html, section 3). */
function inOrder(rows: MessageRow[], queues: readonly string[]): MessageRow[] {
  const place = queues.length === 1 ? () => 0 : (row: MessageRow) => queues.indexOf(row[1]);
  return rows.sort((a, b) => b[2] - a[2] || place(a) - place(b) || a[0] - b[0]);
}

function missing(tags: readonly string[], found: readonly (readonly [number, number])[]): string[] {
  if (found.length === tags.length) return [];
  const known = new Set(found.map(([id, grab]) => `${id}.${grab}`));
  return tags.filter((tag) => !known.has(tag));
}
