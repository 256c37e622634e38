/** What a connection is for: each may have its own broker URL (Celery's `broker_read_url` and `broker_write_url`). */
export type ConnectionPurpose = 'consume' | 'publish';
