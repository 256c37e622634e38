import type { ResultBackend } from '@ctq/core/backend';
import { camelCaseOptions, ConfigurationError } from '@ctq/runtime';
import { rpcBackendConfig, type RpcBackendOptions } from './rpc-backend-options.js';
import { RpcResultBackend } from './rpc-result-backend.js';

/**
 * Results as messages over the app's broker, to the process that sent the call: nothing is stored. Python's `rpc://` hears and is heard.
 *
 * ```ts
 * const app = new Ctq('shop', { broker: 'redis://localhost:6379/0', backend: rpc() });
 * ```
 * @throws ConfigurationError for options that it does not have or cannot use.
 */
export function rpc(options: RpcBackendOptions = {}): ResultBackend {
  return new RpcResultBackend(rpcBackendConfig({ ...options }));
}

/**
 * What `rpc://` resolves to, and Celery's bare `rpc`.
 * @throws ConfigurationError for a URL that names a place, and for options that it does not have or cannot use.
 */
export function createBackend(
  url: string,
  options: Readonly<Record<string, unknown>> = {},
  defaults: Readonly<Record<string, unknown>> = {},
): ResultBackend {
  // It may hold a password.
  if (!/^rpc(?::(?:\/\/\/?)?)?$/i.test(url)) {
    throw new ConfigurationError(
      'CTQ_BAD_URL',
      "A URL of rpc names no place: results travel over the app's own broker. Write rpc://, and options in resultBackendTransportOptions.",
    );
  }
  return new RpcResultBackend(rpcBackendConfig({ ...camelCaseOptions(defaults), ...camelCaseOptions(options) }));
}
