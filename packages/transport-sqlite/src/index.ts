export type { SqliteOptions } from './sqlite-options.js';
export { createTransport, sqlite } from './sqlite-transport.js';
export { type SqliteConnection, sqliteWriter } from './sqlite-writer.js';
