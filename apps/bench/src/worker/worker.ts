import { startServices } from '@ctq/test-services';
import type { Figure, Run } from '../measure.js';
import { type Entry, entries } from './entries.js';
import { figuresOf, type Scale } from './figures-of.js';
import { burn } from './work.js';

type Expected = NonNullable<Figure['expected']>;

/** What is expected of ctq on two cores, by measure and pool. */
const expectations: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  'no-op, stored': {
    'ctq async': { atLeast: 20_000 },
    'ctq threads': { atLeast: 8_000 },
    'ctq processes': { atLeast: 5_000 },
  },
  'no-op, ignored': { 'ctq async': { atLeast: 25_000 } },
  'RSS, loaded': { 'ctq async': { atMost: 100 } },
  'CPU of a no-op, stored': { 'ctq async': { atMost: 45 } },
  '20 ms of waiting × 100, of 5,000/s': { 'ctq async': { atLeast: 95 } },
  'limit for each key, overhead': { 'ctq async': { atMost: 20 } },
};

/** Pools of ctq beside those of Celery and BullMQ: the same tasks on the same Redis, each worker in processes of its own. */
export async function worker({ round, quick, only }: Run): Promise<readonly Figure[]> {
  await using services = await startServices({ redis: true });
  if (services.redis === undefined) throw new Error('There is no Redis here and none could be installed.');
  const chosen = entries.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
  if (chosen.length === 0) throw new Error(`There are only: ${entries.map(({ name }) => name).join(', ')}.`);
  const scale = { share: quick ? 0.1 : 1, starts: quick ? 50 : 200, rounds: roundsIn20Ms() };
  return await compare(chosen, services.redis.url, scale, round);
}

/** Each entry once. Each round begins a third of them further on: what else the machine does, and its temperature, does not always meet the same ones. */
export async function compare(
  chosen: readonly Entry[],
  url: string,
  scale: Scale,
  round: number,
): Promise<readonly Figure[]> {
  const measured = new Map<Entry, readonly Figure[]>();
  const first = round * Math.ceil(chosen.length / 3);
  for (let turn = 0; turn < chosen.length; turn += 1) {
    const entry = chosen[(first + turn) % chosen.length] as Entry;
    measured.set(entry, await figuresOf(entry, url, scale));
  }
  return byMeasure(chosen.map((entry) => ({ entry, figures: measured.get(entry) ?? [] })));
}

interface Measured {
  readonly entry: Entry;
  readonly figures: readonly Figure[];
}

/** What is to be compared stands together. */
function byMeasure(measured: readonly Measured[]): readonly Figure[] {
  const measures = new Map<string, Figure[]>();
  for (const { entry, figures } of measured) {
    for (const figure of figures) {
      const expected = expectations[figure.name]?.[entry.name];
      const named = {
        ...figure,
        name: `${figure.name}: ${entry.name}`,
        beside: Object.fromEntries(entry.beside.map((other) => [other, `${figure.name}: ${other}`])),
        ...(expected === undefined ? {} : { expected }),
      };
      measures.set(figure.name, [...(measures.get(figure.name) ?? []), named]);
    }
  }
  return [...measures.values()].flat();
}

/** What `burn` needs for 20 ms here, by the fastest of a few tries: others had no core to do with. */
function roundsIn20Ms(): number {
  const tried = 20_000;
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const startedAt = performance.now();
    burn(tried);
    fastestMs = Math.min(fastestMs, performance.now() - startedAt);
  }
  return Math.round((tried / fastestMs) * 20);
}
