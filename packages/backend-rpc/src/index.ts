export { createBackend, rpc } from './rpc-backend.js';
export type { RpcBackendOptions } from './rpc-backend-options.js';
