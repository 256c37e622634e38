import { ReplyFields } from './reply-fields.js';

/** What a worker tells another one that comes (celery 5.6 worker/control.py, hello). */
export interface MingleReply {
  /** Ids of tasks that it knows to be revoked. */
  readonly revoked: readonly string[];
  readonly clock: number;
}

/** Undefined of a worker that was asked by itself. @throws TypeError for anything else. */
export function readMingleReply(value: unknown): MingleReply | undefined {
  if (value === null) return undefined;
  const fields = new ReplyFields(value, 'The reply');
  return { revoked: Object.keys(fields.record('revoked')), clock: fields.number('clock') ?? 0 };
}
