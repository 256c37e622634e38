import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '@ctq/messaging/transport';
import type { TopologyRole } from '@ctq/messaging/store';
import type { OpenStore } from './open-store.js';
import { dropMessages } from './queue-messages.js';

const saveQueue = `
  INSERT INTO ctq_queue (name, declaration, expires_ms, used_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET declaration = excluded.declaration, expires_ms = excluded.expires_ms, used_at = excluded.used_at`;
const saveExchange = `
  INSERT INTO ctq_exchange (name, declaration) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET declaration = excluded.declaration`;
const findExchange = 'SELECT declaration FROM ctq_exchange WHERE name = ?';
const findQueue = 'SELECT declaration FROM ctq_queue WHERE name = ?';
const saveBinding = `
  INSERT INTO ctq_binding (exchange, queue, routing_key, arguments) VALUES (?, ?, ?, ?)
  ON CONFLICT (exchange, queue, routing_key) DO UPDATE SET arguments = excluded.arguments`;
const hasBinding = 'SELECT 1 FROM ctq_binding WHERE exchange = ? AND queue = ? AND routing_key = ? AND arguments IS ?';
const unusedQueues = 'SELECT name FROM ctq_queue WHERE expires_ms IS NOT NULL AND used_at + expires_ms <= ?';

/** Exchanges, queues and bindings as every process that shares the file sees them. */
export class SqliteTopology implements TopologyRole {
  readonly #store: () => OpenStore;

  constructor(store: () => OpenStore) {
    this.#store = store;
  }

  async saveExchange({ passive: _, ...declaration }: ExchangeDeclaration): Promise<void> {
    const text = JSON.stringify(declaration);
    // Every start of every process declares what is there already: that takes no lock.
    if ((await this.#find(findExchange, declaration.name)) !== text)
      await this.#write(saveExchange, [declaration.name, text]);
  }

  async findExchange(name: string): Promise<ExchangeDeclaration | undefined> {
    const text = await this.#find(findExchange, name);
    return text === undefined ? undefined : (JSON.parse(text) as ExchangeDeclaration);
  }

  async deleteExchange(name: string): Promise<void> {
    const { database } = this.#store();
    await database.transaction(() => {
      database.statement('DELETE FROM ctq_binding WHERE exchange = ?').run([name]);
      database.statement('DELETE FROM ctq_exchange WHERE name = ?').run([name]);
    });
  }

  async saveQueue({ passive: _, ...declaration }: QueueDeclaration): Promise<void> {
    const text = JSON.stringify(declaration);
    const expiresMs = declaration.arguments?.['x-expires'];
    const isExpiring = typeof expiresMs === 'number';
    if (!isExpiring && (await this.#find(findQueue, declaration.name)) === text) return;
    await this.#write(saveQueue, [
      declaration.name,
      text,
      isExpiring ? expiresMs : null,
      this.#store().context.clock.now(),
    ]);
  }

  async findQueue(name: string): Promise<QueueDeclaration | undefined> {
    const text = await this.#find(findQueue, name);
    return text === undefined ? undefined : (JSON.parse(text) as QueueDeclaration);
  }

  async deleteQueue(name: string): Promise<void> {
    const { database } = this.#store();
    await database.transaction(() => this.#forget(name));
  }

  async saveBinding({ exchange, queue, routingKey, arguments: args }: BindingDeclaration): Promise<void> {
    const { database } = this.#store();
    const row = [exchange, queue, routingKey, args === undefined ? null : JSON.stringify(args)];
    const isKnown = await database.read(() => database.statement(hasBinding).row(row) !== undefined);
    if (!isKnown) await this.#write(saveBinding, row);
  }

  async deleteBinding({ exchange, queue, routingKey }: BindingDeclaration): Promise<void> {
    await this.#write('DELETE FROM ctq_binding WHERE exchange = ? AND queue = ? AND routing_key = ?', [
      exchange,
      queue,
      routingKey,
    ]);
  }

  async bindings(exchange: string): Promise<readonly BindingDeclaration[]> {
    const { database } = this.#store();
    const select = 'SELECT queue, routing_key, arguments FROM ctq_binding WHERE exchange = ?';
    const rows = await database.read(() =>
      database.statement<[string, string, string | null]>(select).rows([exchange]),
    );
    return rows.map(([queue, routingKey, args]) => {
      const binding = { exchange, queue, routingKey };
      return args === null ? binding : { ...binding, arguments: JSON.parse(args) as Record<string, unknown> };
    });
  }

  async touchQueues(names: readonly string[]): Promise<void> {
    const update =
      'UPDATE ctq_queue SET used_at = ?2 WHERE expires_ms IS NOT NULL AND name IN (SELECT value FROM json_each(?1))';
    await this.#write(update, [JSON.stringify(names), this.#store().context.clock.now()]);
  }

  async dropUnusedQueues(): Promise<readonly string[]> {
    const { database, context } = this.#store();
    const unused = (): string[] =>
      database
        .statement<[string]>(unusedQueues)
        .rows([context.clock.now()])
        .map(([name]) => name);
    if ((await database.read(unused)).length === 0) return [];
    const dropped = await database.transaction(() => {
      const names = unused();
      for (const name of names) this.#forget(name);
      return names;
    });
    for (const name of dropped) await dropMessages(this.#store(), name);
    return dropped;
  }

  #forget(name: string): void {
    const { database } = this.#store();
    database.statement('DELETE FROM ctq_binding WHERE queue = ?').run([name]);
    database.statement('DELETE FROM ctq_queue WHERE name = ?').run([name]);
  }

  #find(select: string, name: string): Promise<string | undefined> {
    const { database } = this.#store();
    return database.read(() => database.statement<[string]>(select).row([name])?.[0]);
  }

  async #write(sql: string, values: readonly (string | number | null)[]): Promise<void> {
    const { database } = this.#store();
    await database.transaction(() => database.statement(sql).run(values));
  }
}
