/**
 * The commands that every worker has, with their other names (celery 5.6 worker/control.py). A program cannot give one of them another meaning: whoever asks
 * the workers of Python and of ctq for it relies on the answer.
 */
export const builtinCommandNames: ReadonlySet<string> = new Set([
  ...['report', 'conf', 'dump_conf', 'query_task', 'clock', 'ping', 'stats', 'scheduled', 'dump_schedule'],
  ...['reserved', 'dump_reserved', 'active', 'dump_active', 'revoked', 'dump_revoked', 'registered', 'dump_tasks'],
  ...['active_queues', 'objgraph', 'memsample', 'memdump', 'hello', 'revoke', 'terminate', 'revoke_by_stamped_headers'],
  ...['rate_limit', 'time_limit', 'election', 'enable_events', 'disable_events', 'heartbeat', 'pool_grow'],
  ...['pool_shrink', 'pool_restart', 'autoscale', 'shutdown', 'add_consumer', 'cancel_consumer'],
]);
