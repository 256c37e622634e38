import type { AsyncResult, GetOptions, GroupResult } from './result-handle.js';
import type { ResultTuple } from './result-record.js';

type Member = AsyncResult<unknown> | GroupResult<unknown[]>;

/** A handle on the outcomes of a group. `get` waits for all and throws the first error in the group's order. */
export function groupResult<R extends unknown[]>(
  id: string,
  results: readonly Member[],
  parent?: Member,
): GroupResult<R> {
  const all = async (ask: (member: Member) => Promise<boolean>): Promise<boolean> =>
    (await Promise.all(results.map(ask))).every(Boolean);
  return {
    id,
    results,
    parent,
    async get(options: GetOptions = {}) {
      const waits = results.map((member) => member.get(options));
      for (const wait of waits) wait.catch(() => undefined);
      const values: unknown[] = [];
      for (const wait of waits) values.push(await wait);
      return values as R;
    },
    ready: () => all((member) => member.ready()),
    successful: () => all((member) => member.successful()),
    async failed() {
      return (await Promise.all(results.map((member) => member.failed()))).some(Boolean);
    },
    async completedCount() {
      const done = await Promise.all(results.map((member) => member.successful()));
      return done.filter(Boolean).length;
    },
    async forget() {
      await Promise.all(results.map((member) => member.forget()));
    },
    asTuple: (): ResultTuple => [[id, parent?.asTuple() ?? null], results.map((member) => member.asTuple())],
  };
}
