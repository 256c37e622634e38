import { Ctq, Ignore, Reject, type TaskContext } from '@ctq/core';

/**
 * The application of the kit: in a module of its own, because pools may load it in other threads and processes. Whether a task runs shows by a line of its
 * log, and a test lets it go on by aborting its signal: the ways that lead through every pool.
 */
export const app: Ctq = new Ctq('kit', { broker: 'memory://', backend: 'memory://' });

const bound = { bind: true } as const;

/** Resolves with the message of the reason. */
function untilAborted({ signal, log }: TaskContext): Promise<string> {
  log.info('runs');
  return new Promise((resolve) => {
    const onAbort = (): void => resolve((signal.reason as Error).message);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

app.task('kit.returns', bound, () => 42);
app.task('kit.returnsLater', bound, () => Promise.resolve('later'));
app.task('kit.returnsBytes', bound, () => ({ bytes: new Uint8Array([0, 255]), at: new Date(0) }));
app.task('kit.returnsForNobody', { ...bound, ignoreResult: true }, () => () => 42);
app.task('kit.throws', bound, (): number => {
  throw new RangeError('too far');
});
// oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
app.task('kit.rejectsWithText', bound, () => Promise.reject('text'));
app.task('kit.ignores', bound, (): number => {
  throw new Ignore('nothing to do');
});
app.task('kit.rejects', bound, (): number => {
  throw new Reject('not here', { requeue: true });
});
app.task('kit.retries', bound, (ctx): number =>
  ctx.retry({ countdown: 30, error: new RangeError('busy'), args: [1], kwargs: { again: true } }),
);
app.task('kit.untilAborted', bound, untilAborted);
app.task('kit.failsWhenAborted', bound, async (ctx): Promise<number> => {
  await untilAborted(ctx);
  throw ctx.signal.reason as Error;
});
app.task('kit.neverEnds', bound, ({ log }) => {
  log.info('runs');
  return new Promise<never>(() => undefined);
});
app.task('kit.blocks', bound, ({ log }): number => {
  log.info('runs');
  // oxlint-disable-next-line no-constant-condition -- what is tested
  for (;;);
});
app.task('kit.dies', bound, ({ log }) => {
  log.info('runs');
  process.stderr.write('the last words\n');
  // oxlint-disable-next-line node/no-process-exit -- what is tested
  setImmediate(() => process.exit(3));
  return new Promise<never>(() => undefined);
});
app.task(
  'kit.hears',
  {
    ...bound,
    onSuccess: (value, ctx) => ctx.log.info(`hook: ${String(value)}`),
    onFailure: (error, ctx) => ctx.log.info(`hook: ${error.message}`),
  },
  () => 42,
);
