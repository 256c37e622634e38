import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import {
  anything,
  duration,
  integer,
  optional,
  options,
  type Options,
  text,
  truth,
  truthOrOptions,
} from '../setting-types.js';

/** Result stores: what may be given. */
export interface StoresSettings {
  /** TLS to the Redis result store, or its options. */
  redisBackendUseSsl: boolean | Options | null;
  /** Database number of the Redis result store. */
  redisDb: number | null;
  /** Host of the Redis result store. */
  redisHost: string | null;
  /** Connections to the Redis result store. */
  redisMaxConnections: number | null;
  /** User at the Redis result store. */
  redisUsername: string | null;
  /** Password at the Redis result store. */
  redisPassword: string | null;
  /** Port of the Redis result store. */
  redisPort: number | null;
  /** How long an operation of the Redis result store may take. */
  redisSocketTimeout: Duration;
  /** How long connecting to the Redis result store may take. */
  redisSocketConnectTimeout: Duration | null;
  /** Repeat an operation of the Redis result store that timed out. */
  redisRetryOnTimeout: boolean;
  /** TCP keepalive to the Redis result store; on when unset. */
  redisSocketKeepalive: boolean | null;
  /** Check the idle connection to the Redis result store that often. */
  redisBackendHealthCheckInterval: Duration | null;
  /** Gives user and password of the Redis result store when they are needed. */
  redisBackendCredentialProvider: unknown;
  /** Name of the connections to the Redis result store. */
  redisClientName: string | null;
  /** URL of the SQL result store. */
  databaseUrl: string | null;
  /** Schemas of the tables of the SQL result store. */
  databaseTableSchemas: Options | null;
  /** Names of the tables of the SQL result store. */
  databaseTableNames: Options | null;
  /** Create the tables of the SQL result store at start. */
  databaseCreateTablesAtSetup: boolean;
  /** Options of the MongoDB result store. */
  mongodbBackendSettings: Options | null;
}

export const storesSettings: SettingsTable<StoresSettings> = {
  redisBackendUseSsl: {
    type: optional(truthOrOptions),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_BACKEND_USE_SSL'],
    doc: 'TLS to the Redis result store, or its options.',
  },
  redisDb: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_DB'],
    doc: 'Database number of the Redis result store.',
  },
  redisHost: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_HOST'],
    doc: 'Host of the Redis result store.',
  },
  redisMaxConnections: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_MAX_CONNECTIONS'],
    doc: 'Connections to the Redis result store.',
  },
  redisUsername: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_USERNAME'],
    doc: 'User at the Redis result store.',
  },
  redisPassword: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_PASSWORD'],
    doc: 'Password at the Redis result store.',
  },
  redisPort: {
    type: optional(integer(0)),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_PORT'],
    doc: 'Port of the Redis result store.',
  },
  redisSocketTimeout: {
    type: duration,
    default: 120,
    status: 'effective',
    old: ['CELERY_REDIS_SOCKET_TIMEOUT'],
    doc: 'How long an operation of the Redis result store may take.',
  },
  redisSocketConnectTimeout: {
    type: optional(duration),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_SOCKET_CONNECT_TIMEOUT'],
    doc: 'How long connecting to the Redis result store may take.',
  },
  redisRetryOnTimeout: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CELERY_REDIS_RETRY_ON_TIMEOUT'],
    doc: 'Repeat an operation of the Redis result store that timed out.',
  },
  redisSocketKeepalive: {
    type: optional(truth),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_SOCKET_KEEPALIVE'],
    doc: 'TCP keepalive to the Redis result store; on when unset.',
  },
  redisBackendHealthCheckInterval: {
    type: optional(duration),
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_BACKEND_HEALTH_CHECK_INTERVAL'],
    doc: 'Check the idle connection to the Redis result store that often.',
  },
  redisBackendCredentialProvider: {
    type: anything,
    default: undefined,
    status: 'effective',
    old: ['CELERY_REDIS_BACKEND_CREDENTIAL_PROVIDER'],
    doc: 'Gives user and password of the Redis result store when they are needed.',
  },
  redisClientName: {
    type: optional(text),
    default: undefined,
    status: 'effective',
    old: [],
    doc: 'Name of the connections to the Redis result store.',
  },
  databaseUrl: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_RESULT_DBURI'],
    doc: 'URL of the SQL result store.',
  },
  databaseTableSchemas: {
    type: optional(options),
    default: undefined,
    status: 'accepted',
    old: ['DATABASE_TABLE_SCHEMAS'],
    doc: 'Schemas of the tables of the SQL result store.',
  },
  databaseTableNames: {
    type: optional(options),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_RESULT_DB_TABLENAMES'],
    doc: 'Names of the tables of the SQL result store.',
  },
  databaseCreateTablesAtSetup: {
    type: truth,
    default: true,
    status: 'accepted',
    old: ['DATABASE_CREATE_TABLES_AT_SETUP'],
    doc: 'Create the tables of the SQL result store at start.',
  },
  mongodbBackendSettings: {
    type: optional(options),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_MONGODB_BACKEND_SETTINGS'],
    doc: 'Options of the MongoDB result store.',
  },
};
