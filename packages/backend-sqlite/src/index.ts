export type { SqliteBackendOptions } from './sqlite-backend-options.js';
export { createBackend, createStore, sqliteBackend, sqliteStore } from './sqlite-backend.js';
