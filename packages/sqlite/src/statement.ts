import type { NativeDatabase } from './native.js';

/**
 * What can be bound. No booleans: libsql aborts the *process* on one (libsql 0.5.29 src/statement.rs, `todo!("bool")`). Numbers are bound
 * as REAL; columns of INTEGER affinity store them as integers again.
 */
export type SqlValue = number | string | bigint | Uint8Array | null;

/** A prepared statement whose rows are arrays; `Row` is the caller's word for what the statement selects. */
export interface Statement<Row extends readonly unknown[] = readonly unknown[]> {
  /** Executes and tells how many rows were changed. */
  run(values?: readonly SqlValue[]): number;
  /** The first row. */
  row(values?: readonly SqlValue[]): Row | undefined;
  /** All rows. Never lazily: a statement that was left half read would pin its snapshot of the file. */
  rows(values?: readonly SqlValue[]): Row[];
}

const nothing: readonly SqlValue[] = [];

/**
 * Parameters always travel as one array: given alone, libsql takes a Buffer or null for an object of named parameters and aborts the
 * process (0.5.29 src/statement.rs, `convert_params_object`).
 */
export function prepareStatement<Row extends readonly unknown[]>(native: NativeDatabase, sql: string): Statement<Row> {
  const statement = native.prepare(sql);
  if (statement.reader) statement.raw();
  return {
    run: (values = nothing) => statement.run(values).changes,
    row: (values = nothing) => statement.get(values) as Row | undefined,
    rows: (values = nothing) => statement.all(values) as Row[],
  };
}
