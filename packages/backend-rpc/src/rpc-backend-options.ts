import type { PublishRetryPolicy } from '@ctq/messaging';
import { assertKnownOptions, camelCaseOptions, ConfigurationError } from '@ctq/runtime';

/** Options of the RPC result backend. */
export interface RpcBackendOptions {
  /** Results that nobody has received yet survive a restart of the broker. Default: the setting `resultPersistent`. */
  readonly persistent?: boolean;
  /**
   * How many results this process keeps for whoever asks later; beyond it the oldest are dropped, those that somebody was given first. Default 8192, Celery's
   * limit for messages that nobody waits for.
   */
  readonly maxKept?: number;
  /** Publishing a result again while the broker is away; Celery's `retry_policy`, times in seconds. */
  readonly retryPolicy?: PublishRetryPolicy;
}

/** Checked, with defaults. */
export interface RpcBackendConfig {
  readonly persistent: boolean | undefined;
  readonly maxKept: number;
  readonly retryPolicy: Required<PublishRetryPolicy>;
}

const optionNames: readonly (keyof RpcBackendOptions)[] = ['persistent', 'maxKept', 'retryPolicy'];

/** What Celery's backend is made with and ctq's is not, and why. */
const refused: Readonly<Record<string, string>> = {
  exchange: 'is not used, here as in Celery: results go over the default exchange.',
  exchangeType: 'is not used, here as in Celery: results go over the default exchange.',
  autoDelete: 'is not used, here as in Celery: the queue of replies always goes with its process.',
  serializer: 'is the setting resultSerializer.',
  connection: "is not used: results travel over connections of the app's own.",
};

/** celery 5.6 backends/asynchronous.py, BaseResultConsumer: the limit of `_pending_messages` (backends/base.py, MESSAGE_BUFFER_MAX). */
const defaultMaxKept = 8_192;

/** celery 5.6 backends/rpc.py, RPCBackend.retry_policy. */
const celeryRetries: Required<PublishRetryPolicy> = {
  maxRetries: 20,
  intervalStart: 0,
  intervalStep: 1,
  intervalMax: 1,
};

/**
 * Options in camelCase or in Celery's spelling, checked.
 * @throws ConfigurationError for names that the backend does not have and values that it cannot use.
 */
export function rpcBackendConfig(given: Readonly<Record<string, unknown>>): RpcBackendConfig {
  const options = camelCaseOptions(given);
  for (const [name, reason] of Object.entries(refused)) {
    if (Object.hasOwn(options, name))
      throw new ConfigurationError('CTQ_UNKNOWN_OPTION', `rpc: '${name}' ${reason}`, { details: { option: name } });
  }
  assertKnownOptions('rpc', options, optionNames);
  const { persistent, maxKept = defaultMaxKept, retryPolicy = {} } = options;
  if (persistent !== undefined && persistent !== null && typeof persistent !== 'boolean')
    throw badOption('persistent', 'true or false');
  if (typeof maxKept !== 'number' || !Number.isInteger(maxKept) || maxKept < 1)
    throw badOption('maxKept', 'a whole number from 1');
  return { persistent: persistent ?? undefined, maxKept, retryPolicy: policyOf(retryPolicy) };
}

function policyOf(given: unknown): Required<PublishRetryPolicy> {
  const expected = `an object with numbers from 0 for ${Object.keys(celeryRetries).join(', ')}`;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw badOption('retryPolicy', expected);
  const options = camelCaseOptions(given as Readonly<Record<string, unknown>>);
  assertKnownOptions('rpc.retryPolicy', options, Object.keys(celeryRetries));
  const policy = { ...celeryRetries, ...(options as PublishRetryPolicy) };
  const isNumeric = Object.values(policy).every((value) => typeof value === 'number' && value >= 0);
  if (!isNumeric) throw badOption('retryPolicy', expected);
  return policy;
}

function badOption(name: string, expected: string): ConfigurationError {
  return new ConfigurationError('CTQ_BAD_OPTION', `rpc: '${name}' must be ${expected}.`, {
    details: { option: name },
  });
}
