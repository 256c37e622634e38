/** Tasks of Celery's own, as workers of both languages know them (celery 5.6 app/builtins.py). */
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
} as const;
