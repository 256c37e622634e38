import { TransportError } from '@ctq/messaging';
import { clampedPriority, ExchangeRoutes, expiresAt, type PushEntry } from '@ctq/messaging/store';
import type {
  BindingDeclaration,
  ExchangeDeclaration,
  MessageWriter,
  OutgoingMessage,
  QueueDeclaration,
} from '@ctq/messaging/transport';
import type { SqlValue, Statement } from '@ctq/sqlite';
import { MessageTable } from './message-table.js';

/** As much of a connection as is needed: better-sqlite3, libsql and `node:sqlite` have it. */
export interface SqliteConnection {
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  run(...values: never[]): unknown;
  all(...values: never[]): unknown[];
  /** Where a driver has it: rows are arrays from now on. */
  raw?(): unknown;
}

/**
 * Writes messages by the program's own connection, in the transaction that is open on it: `outbox.writeTo(sqliteWriter(connection))`. The connection is one to the
 * broker's file. Workers are woken by the commit.
 */
export function sqliteWriter(connection: SqliteConnection): MessageWriter<void> {
  const statements = statementsOf(connection);
  return {
    write(messages) {
      if (statements.statement("SELECT 1 FROM sqlite_master WHERE name = 'ctq_message'").row() === undefined) {
        throw new TransportError(
          'CTQ_SQLITE_NO_QUEUES',
          'There are no queues in the database of this connection: name the file of the broker, and start a worker or connect the app once, which makes them.',
          { recoverable: false },
        );
      }
      const now = Date.now();
      const entries = messages.flatMap((message) => entriesOf(statements, message, now));
      // All or nothing, also where the program catches what fails and goes on.
      statements.statement('SAVEPOINT ctq_write').run();
      try {
        new MessageTable(statements).push(entries);
      } catch (error) {
        statements.statement('ROLLBACK TO ctq_write').run();
        throw error;
      } finally {
        statements.statement('RELEASE ctq_write').run();
      }
    },
  };
}

interface Statements {
  statement<Row extends readonly unknown[]>(sql: string): Statement<Row>;
}

/**
 * Two families of drivers. Those with `raw` take all values as one array, and nothing else is safe: libsql takes a Buffer that is given alone for named parameters
 * and aborts the process (0.5.29 src/statement.rs, `convert_params_object`). `node:sqlite` takes them one by one, and gives rows as objects whose members are in
 * the order of the columns.
 */
function statementsOf(connection: SqliteConnection): Statements {
  return {
    statement<Row extends readonly unknown[]>(sql: string): Statement<Row> {
      const prepared = connection.prepare(sql);
      const isArrays = prepared.raw !== undefined;
      const given = (values: readonly SqlValue[] = []): never[] => {
        const bound = values.map(bindable);
        return (isArrays ? [bound] : bound) as never[];
      };
      const rows = (values?: readonly SqlValue[]): Row[] => {
        prepared.raw?.();
        const found = prepared.all(...given(values));
        return (isArrays
          ? found
          : found.map((row) => Object.values(row as Record<string, unknown>))) as unknown as Row[];
      };
      return {
        run(values) {
          prepared.run(...given(values));
          return 0;
        },
        row: (values) => rows(values)[0],
        rows,
      };
    },
  };
}

function bindable(value: SqlValue): SqlValue {
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** One for each queue that gets the message: on the default exchange that is the queue of that name. */
function entriesOf(statements: Statements, { message, route }: OutgoingMessage, now: number): PushEntry[] {
  const queues =
    route.exchange === '' ? [route.routingKey] : routesOf(statements, route.exchange).queuesFor(route.routingKey);
  const priority = clampedPriority(message.properties.priority);
  return queues.map((queue) => {
    const declared = textOf(statements, 'SELECT declaration FROM ctq_queue WHERE name = ?', queue);
    const until = expiresAt(message.properties, (declared as QueueDeclaration | undefined)?.arguments, now);
    const entry: PushEntry = { queue, message, route, priority };
    return until === undefined ? entry : { ...entry, expiresAt: until };
  });
}

function routesOf(statements: Statements, exchange: string): ExchangeRoutes {
  const declared = textOf(statements, 'SELECT declaration FROM ctq_exchange WHERE name = ?', exchange);
  const bound = statements
    .statement<[queue: string, routingKey: string]>('SELECT queue, routing_key FROM ctq_binding WHERE exchange = ?')
    .rows([exchange]);
  const bindings = bound.map(([queue, routingKey]): BindingDeclaration => ({ exchange, queue, routingKey }));
  return new ExchangeRoutes((declared as ExchangeDeclaration | undefined)?.type ?? 'direct', bindings);
}

function textOf(statements: Statements, sql: string, name: string): unknown {
  const row = statements.statement<[declaration: string]>(sql).row([name]);
  return row === undefined ? undefined : JSON.parse(row[0]);
}
