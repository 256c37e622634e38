import type { Figure } from '../measure.js';
import type { Measured, Memory } from './measure-workflows.js';
import { nameOf, type Shape } from './shape.js';

/** What was measured of one workflow of one contender, or why nothing was. */
export type Outcome = Measured | { readonly absent: string };

interface Measure {
  readonly name: string;
  readonly unit: Figure['unit'];
  readonly of: (measured: Measured, shape: Shape) => number;
}

const mebi = 1_048_576;

/** Of the whole workflow. */
const measures: readonly Measure[] = [
  { name: 'time', unit: 's', of: ({ seconds }) => seconds },
  { name: 'tasks that ran', unit: '', of: ({ tasks }) => tasks },
  { name: 'to Redis', unit: 'MiB', of: ({ toRedisBytes }) => toRedisBytes / mebi },
  { name: 'from Redis', unit: 'MiB', of: ({ fromRedisBytes }) => fromRedisBytes / mebi },
  { name: 'peak of the worker', unit: 'MiB', of: ({ worker }) => worker.peak },
  { name: 'peak of the client', unit: 'MiB', of: ({ client }) => client.peak },
  { name: 'peak of Redis', unit: 'MiB', of: ({ redis }) => redis.peak },
];

/** By its size, which is the same for each where it grows in proportion. Memory is what came on top of what was there before. */
const growth: readonly Measure[] = [
  { name: 'time per member', unit: 'ms', of: ({ seconds }, { size }) => (seconds * 1_000) / size },
  {
    name: 'bytes per member',
    unit: 'KiB',
    of: ({ toRedisBytes, fromRedisBytes }, { size }) => (toRedisBytes + fromRedisBytes) / 1_024 / size,
  },
  { name: 'worker per member', unit: 'KiB', of: ({ worker }, { size }) => grownKiB(worker) / size },
  { name: 'client per member', unit: 'KiB', of: ({ client }, { size }) => grownKiB(client) / size },
  { name: 'Redis per member', unit: 'KiB', of: ({ redis }, { size }) => grownKiB(redis) / size },
];

/** What is expected of ctq on two cores. */
const expectations: Readonly<Record<string, Figure['expected']>> = {
  'time, chord of 1,000': { atMost: 0.2 },
  'time, chain of 200': { atMost: 0.15 },
};

/** In tables with a row for each contender, those of one workflow below each other; then the same for how it grows. */
export function figuresOf(
  shapes: readonly Shape[],
  contenders: readonly string[],
  outcomeOf: (shape: Shape, contender: string) => Outcome,
): readonly Figure[] {
  const tables = [
    { title: 'of each workflow', columns: measures },
    { title: 'how it grows', columns: growth },
  ];
  return tables.flatMap(({ title, columns }) =>
    shapes.flatMap((shape) =>
      contenders.flatMap((contender) => {
        const outcome = outcomeOf(shape, contender);
        return columns.map((measure): Figure => {
          const what = `${measure.name}, ${nameOf(shape)}`;
          const expected = contender === 'ctq' ? expectations[what] : undefined;
          const others = contender === 'ctq' ? contenders.filter((other) => other !== contender) : [];
          return {
            name: `${what}: ${contender}`,
            unit: measure.unit,
            ...('absent' in outcome
              ? { value: Number.NaN, absent: outcome.absent }
              : { value: measure.of(outcome, shape) }),
            ...(expected === undefined ? {} : { expected }),
            beside: Object.fromEntries(others.map((other) => [other, `${what}: ${other}`])),
            cell: { table: title, row: [nameOf(shape), contender], column: measure.name },
          };
        });
      }),
    ),
  );
}

function grownKiB({ before, peak }: Memory): number {
  return (peak - before) * 1_024;
}
