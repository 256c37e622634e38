import type { RefusedSettings } from '../setting.js';

const noBackend = (name: string): string => `ctq has no ${name} result backend; use another, such as Redis or SQLite.`;

/** Settings of Celery that have no meaning here. An old name that is the new one in upper case goes without saying. */
export const refusedSettings: readonly RefusedSettings[] = [
  {
    reason: noBackend('Cassandra'),
    names: [
      'cassandra_entry_ttl',
      'cassandra_keyspace',
      'cassandra_port',
      'cassandra_read_consistency',
      'cassandra_servers',
      'cassandra_bundle_path',
      'cassandra_table',
      'cassandra_write_consistency',
      'cassandra_auth_provider',
      'cassandra_auth_kwargs',
      'cassandra_options',
      'cassandra_secure_bundle_path',
      'cassandra_column_family',
    ],
  },
  {
    reason: noBackend('S3'),
    names: ['s3_access_key_id', 's3_secret_access_key', 's3_bucket', 's3_base_path', 's3_endpoint_url', 's3_region'],
  },
  {
    reason: noBackend('Azure'),
    names: [
      'azureblockblob_container_name',
      'azureblockblob_retry_initial_backoff_sec',
      'azureblockblob_retry_increment_base',
      'azureblockblob_retry_max_attempts',
      'azureblockblob_base_path',
      'azureblockblob_connection_timeout',
      'azureblockblob_read_timeout',
    ],
  },
  {
    reason: noBackend('Google Cloud Storage'),
    names: ['gcs_bucket', 'gcs_project', 'gcs_base_path', 'gcs_ttl', 'gcs_threadpool_maxsize'],
  },
  { reason: noBackend('Firestore'), names: ['firestore_project'] },
  { reason: noBackend('Couchbase'), names: ['couchbase_backend_settings', 'CELERY_COUCHBASE_BACKEND_SETTINGS'] },
  { reason: noBackend('ArangoDB'), names: ['arangodb_backend_settings', 'CELERY_ARANGODB_BACKEND_SETTINGS'] },
  {
    reason: noBackend('CosmosDB'),
    names: [
      'cosmosdbsql_database_name',
      'cosmosdbsql_collection_name',
      'cosmosdbsql_consistency_level',
      'cosmosdbsql_max_retry_attempts',
      'cosmosdbsql_max_retry_wait_time',
    ],
  },
  {
    reason: noBackend('Elasticsearch'),
    names: [
      'elasticsearch_retry_on_timeout',
      'CELERY_ELASTICSEARCH_RETRY_ON_TIMEOUT',
      'elasticsearch_max_retries',
      'CELERY_ELASTICSEARCH_MAX_RETRIES',
      'elasticsearch_timeout',
      'CELERY_ELASTICSEARCH_TIMEOUT',
      'elasticsearch_save_meta_as_text',
      'CELERY_ELASTICSEARCH_SAVE_META_AS_TEXT',
    ],
  },
  { reason: noBackend('DynamoDB'), names: ['dynamodb_endpoint_url'] },
  {
    reason: noBackend('memcached'),
    names: ['cache_backend', 'CELERY_CACHE_BACKEND', 'cache_backend_options', 'CELERY_CACHE_BACKEND_OPTIONS'],
  },
  {
    reason: 'The end of a process or thread is noticed at once: there is nothing to wait for.',
    names: ['worker_lost_wait', 'CELERYD_WORKER_LOST_WAIT'],
  },
  {
    reason: 'It is of the amqp result backend that Celery removed; use rpc://.',
    names: ['result_exchange', 'CELERY_RESULT_EXCHANGE'],
  },
  {
    reason:
      'No result backend of Celery reads it: results are stored as they are, and Celery could not read a compressed one.',
    names: ['result_compression', 'CELERY_RESULT_COMPRESSION'],
  },
  {
    reason: 'It is an object of SQLAlchemy; give the options of the backend package instead: backend: postgres({ … }).',
    names: ['database_engine_options', 'CELERY_RESULT_ENGINE_OPTIONS', 'database_engine_callback'],
  },
  {
    reason: 'Connections belong to the backend object; give its options to the backend package.',
    names: ['database_short_lived_sessions', 'CELERY_RESULT_DB_SHORT_LIVED_SESSIONS'],
  },
  {
    reason:
      'An app publishes over one connection, on which what is sent in one turn of the event loop travels together: there is no pool that could be too small.',
    names: ['broker_pool_limit', 'broker_pool_acquire_timeout'],
  },
  {
    reason: 'It names a Python class. A worker of ctq is a list of services.',
    names: [
      'worker_agent',
      'CELERYD_AGENT',
      'worker_autoscaler',
      'CELERYD_AUTOSCALER',
      'worker_consumer',
      'CELERYD_CONSUMER',
      'worker_timer',
      'CELERYD_TIMER',
    ],
  },
  {
    reason: 'Heartbeats are sent on time, and a silent RabbitMQ is asked after two seconds and given up after eight.',
    names: ['broker_heartbeat_checkrate', 'BROKER_HEARTBEAT_CHECKRATE'],
  },
  {
    reason: 'Every consumer has a prefetch of its own, whatever the kind of its queue.',
    names: ['worker_detect_quorum_queues', 'CELERYD_DETECT_QUORUM_QUEUES'],
  },
  { reason: 'It is a detail of the Python process pool.', names: ['worker_pool_putlocks', 'CELERYD_POOL_PUTLOCKS'] },
  { reason: 'Timers of ctq are due to the millisecond.', names: ['worker_timer_precision', 'CELERYD_TIMER_PRECISION'] },
  { reason: 'Register a scheme on the app instead.', names: ['override_backends'] },
  { reason: 'A backend object belongs to one thread.', names: ['result_backend_thread_safe'] },
  { reason: 'It is an internal attribute of Celery.', names: ['deprecated_settings'] },
];
