// The subpath `@ctq/core/backend`: what an author of a result backend needs.
export type { CreateBackend, CreateStore } from './app/adapter-schemes.js';
export { maskUrl } from './app/mask-url.js';
export { disabledBackend } from './backend/disabled-backend.js';
export { keyValueBackend, type KeyValueBackendOptions } from './backend/key-value-backend.js';
export type {
  KeyValueEntry,
  KeyValueStore,
  KeyValueStoreContext,
  VersionedValue,
} from './backend/key-value-store.js';
export { MemoryResults, memoryBackend } from './backend/memory-backend.js';
export { memoryStore } from './backend/memory-store.js';
export type {
  BackendBroker,
  ChordPart,
  ChordProgress,
  ChordRole,
  GroupRole,
  ResultBackend,
  ResultBackendContext,
  ResultBackendManifest,
  ResultListener,
  ResultReaders,
  OnStored,
  ResultNotifier,
} from './backend/result-backend.js';
export { ResultKeys } from './backend/result-keys.js';
export { unreadableResult } from './backend/unreadable-result.js';
export { BackendConnectionError, BackendError, BackendReadError, BackendStoreError } from './errors/result-errors.js';
export type {
  ContentFormat,
  ExtendedResult,
  NestedError,
  OwnError,
  RecordToStore,
  ResultCodec,
  ResultRecord,
  ResultTuple,
  StoredError,
} from './result/result-record.js';
export type { TaskState } from './result/states.js';
