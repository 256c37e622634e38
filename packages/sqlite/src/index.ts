export type { Database, ErrorTranslation } from './database.js';
export { type DatabaseUrl, databaseUrl, parseDatabaseUrl } from './database-url.js';
export {
  DatabaseBusyError,
  DatabaseClosedError,
  DatabaseCorruptError,
  DatabaseError,
  DatabaseFullError,
  DatabaseReadOnlyError,
  DatabaseUnavailableError,
  SchemaVersionError,
} from './errors.js';
export { type DatabaseOptions, openDatabase, type Synchronous } from './open-database.js';
export type { Schema } from './schema.js';
export type { SqlValue, Statement } from './statement.js';
