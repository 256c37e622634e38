/** Tasks of Celery's own, as workers of both languages know them (celery 5.6 app/builtins.py), and of ctq's. */
export const builtinNames = {
  accumulate: 'celery.accumulate',
  map: 'celery.map',
  starmap: 'celery.starmap',
  chunks: 'celery.chunks',
  chain: 'celery.chain',
  group: 'celery.group',
  chord: 'celery.chord',
  chordUnlock: 'celery.chord_unlock',
  backendCleanup: 'celery.backend_cleanup',
  chainRest: 'ctq.chain_rest',
  chordTimeout: 'ctq.chord_timeout',
} as const;
