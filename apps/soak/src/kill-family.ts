import { describe, it } from 'vitest';
import type { Place } from './place.js';
import { soak, type SoakOptions } from './soak.js';

interface Kind {
  readonly pool: string;
  readonly concurrency: number;
  /** How many of its workers are killed, one after the other. */
  readonly kills: number;
  /** How a slot of it comes to its end, if it has any. */
  readonly slotEnd?: string;
}

const kinds: readonly Kind[] = [
  { pool: 'async', concurrency: 10, kills: 4 },
  { pool: 'solo', concurrency: 1, kills: 2 },
  // Nothing outside of its process can end a thread: it ends itself, and its worker is told nothing.
  { pool: 'threads', concurrency: 2, kills: 2, slotEnd: 'a thread ends itself' },
  { pool: 'processes', concurrency: 2, kills: 2, slotEnd: 'a process is killed' },
];

/** Where a run finds its broker. */
export interface Places {
  /** Named in titles. */
  readonly store: string;
  /** The row of the parity lists on what comes back when its worker is dead. */
  readonly row?: string;
  /** A place of its own for each run; leases end soon where tasks of the dead are waited for. */
  readonly open: (lease?: string) => Place | Promise<Place>;
  /** One whose server may be killed. Without it the store has no server: a file's broker is the workers themselves. */
  readonly openWithBroker?: (lease?: string) => Promise<Place>;
  /** With which pools the server is killed, where it takes long to start. Default: all. */
  readonly brokerPools?: readonly string[];
}

const limit = { timeout: 180_000 };

/** What every pool promises on every store, whoever is killed in the middle of a task. */
export function killFamily({ store, row, open, openWithBroker, brokerPools }: Places): void {
  for (const kind of kinds) {
    const { pool, concurrency, slotEnd } = kind;
    const run = async (more: Pick<SoakOptions, 'of' | 'kills' | 'workers'>, place: Place) => {
      await using open = place;
      return await soak({ concurrency, pool, seed: 11, tasks: 60 * more.kills, ...more }, open);
    };

    describe(`on ${store}, with the pool ${pool}`, () => {
      it.concurrent(
        `loses no task when workers are killed${row === undefined ? '' : ` [${row}]`}`,
        limit,
        async ({ expect }) => {
          const { kills } = kind;
          const { lost, recoveriesMs } = await run({ of: ['worker'], kills, workers: 2 }, await open('1s'));
          expect(lost).toBe(0);
          // In the middle of a task each time, which another worker began again.
          expect(recoveriesMs.length).toBeGreaterThanOrEqual(kills);
        },
      );

      if (slotEnd !== undefined)
        it.concurrent(
          `loses no task, and does none twice, when ${slotEnd} [TR-051, TR-219]`,
          limit,
          async ({ expect }) => {
            // A lease that does not end here: nothing comes back but by the worker itself.
            const report = await run({ of: ['slot'], kills: 4, workers: 1 }, await open('10m'));
            expect(report).toMatchObject({ lost: 0, doubled: 0, startedAgain: 4 });
            expect(report.recoveriesMs).toHaveLength(4);
          },
        );

      if (openWithBroker !== undefined && (brokerPools?.includes(pool) ?? true))
        it.concurrent('loses no task when the server is killed', limit, async ({ expect }) => {
          const report = await run({ of: ['broker'], kills: 2, workers: 1 }, await openWithBroker('1s'));
          expect(report).toMatchObject({ lost: 0, blows: { broker: 2 } });
        });

      it.concurrent(
        'loses no task, and begins none twice, when workers are restarted one after the other under load [WK-086]',
        limit,
        async ({ expect }) => {
          const report = await run({ of: ['restart'], kills: 2, workers: 2 }, await open('10m'));
          expect(report).toMatchObject({ lost: 0, startedAgain: 0, blows: { restart: 2 } });
        },
      );
    });
  }
}
