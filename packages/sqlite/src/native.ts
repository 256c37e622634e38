import Libsql from 'libsql';

/** libsql's handle, as little of it as ctq uses. The rest of its surface is not implemented or not safe: see `statement.ts`. */
export interface NativeDatabase {
  prepare(sql: string): NativeStatement;
  exec(sql: string): unknown;
  close(): unknown;
  /** Aborts the process when read after `close` (libsql 0.5.29 src/database.rs, `js_in_transaction`). */
  readonly inTransaction: boolean;
}

export interface NativeStatement {
  readonly reader: boolean;
  raw(): NativeStatement;
  run(values: readonly unknown[]): { readonly changes: number };
  get(values: readonly unknown[]): unknown;
  all(values: readonly unknown[]): unknown[];
}

/** Opens or creates the file. Nothing is read yet: a file that is no database shows at the first statement. */
export function openNative(path: string, busyTimeoutMs: number): NativeDatabase {
  return new Libsql(path, { timeout: busyTimeoutMs });
}
