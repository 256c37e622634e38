import { type CallOptions, Ctq, type UniqueConflict } from '@ctq/core';
import { Worker } from '@ctq/worker';

/** Where senders and workers of unique calls meet. */
export interface UniquePlace {
  readonly broker: string;
  readonly backend: string;
}

/** What a process is told to do. */
export type UniqueOrder =
  /** Sends so many calls at once for each of the keys. */
  | { readonly kind: 'send'; readonly keys: readonly string[]; readonly count: number; readonly options: CallOptions }
  /** Runs tasks; answers with the id of each that begins. */
  | { readonly kind: 'work' };

/** How a call was sent. */
export interface SentCall {
  readonly key: string;
  readonly id: string;
  readonly conflict: UniqueConflict | undefined;
}

/** @param run what a task does. */
export function uniqueApp({ broker, backend }: UniquePlace, run: (id: string, key: string) => Promise<string>) {
  const app = new Ctq('unique', { broker, backend });
  const work = app.task(
    'unique.work',
    { bind: true, unique: { key: (key: string) => key } },
    (ctx, key: string, _turn: number) => run(ctx.request.id, key),
  );
  return { app, work };
}

export type UniqueApp = ReturnType<typeof uniqueApp>;

export async function sendUnique({ work }: UniqueApp, order: UniqueOrder & { kind: 'send' }): Promise<SentCall[]> {
  const { keys, count, options } = order;
  const sending = Array.from({ length: count }, (_, turn) =>
    keys.map(async (key): Promise<SentCall> => {
      const { id, conflict } = await work.applyAsync([key, turn], options);
      return { key, id, conflict };
    }),
  );
  return await Promise.all(sending.flat());
}

/** As a process of its own: `node unique-tasks.js <broker> <backend>`. */
async function main(broker: string, backend: string): Promise<void> {
  const unique = uniqueApp({ broker, backend }, async (id) => {
    process.send?.(id);
    return await new Promise<string>(() => undefined);
  });
  process.on('message', (order: UniqueOrder) => {
    if (order.kind === 'send') void sendUnique(unique, order).then((sent) => process.send?.(sent));
    else void new Worker(unique.app).start().then(() => process.send?.('ready'));
  });
  process.send?.('here');
  await new Promise<void>((resolve) => process.once('disconnect', resolve));
  await unique.app.close();
}

const [, script, broker, backend] = process.argv;
if (script?.endsWith('unique-tasks.js') && broker !== undefined && backend !== undefined) await main(broker, backend);
