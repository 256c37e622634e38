import type { Figure, Run } from '../measure.js';
import { OrderError } from './client-process.js';
import { type Contender, contenders } from './contender.js';
import { figuresOf, type Outcome } from './figures-of.js';
import { measureWorkflows } from './measure-workflows.js';
import { nameOf, type Shape } from './shape.js';

/** Run first, until code is compiled and connections are there: so often, with no more than so many members. */
const warmUps = 2;
const warmUpSizes: Readonly<Record<Shape['kind'], number>> = { chord: 500, chain: 200, nested: 10, group: 500 };

/**
 * Workflows of ctq beside those of Celery and BullMQ. What somebody could not do in one run is not tried again in the next ones.
 * @param limitSeconds what takes a contender longer is not waited for.
 */
export function canvas(shapes: readonly Shape[], limitSeconds: number): (run: Run) => Promise<readonly Figure[]> {
  const known = new Map<string, Outcome>();
  return async ({ round, only }) => {
    const chosen = contenders.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
    if (chosen.length === 0) throw new Error(`There are only: ${contenders.map(({ name }) => name).join(', ')}.`);
    return await compare(chosen, shapes, { round, limitSeconds, known });
  };
}

export interface Comparison {
  readonly round: number;
  readonly limitSeconds: number;
  /** What could not be measured in earlier rounds stays so; is written to. */
  readonly known: Map<string, Outcome>;
}

/** Each workflow by each contender in turn, with another one first in each round. */
export async function compare(
  chosen: readonly Contender[],
  shapes: readonly Shape[],
  { round, limitSeconds: limit, known }: Comparison,
): Promise<readonly Figure[]> {
  const keyOf = (shape: Shape, name: string): string => `${nameOf(shape)}: ${name}`;
  const missed = (shape: Shape, name: string): { readonly absent: string } | undefined => {
    const outcome = known.get(keyOf(shape, name));
    return outcome !== undefined && 'absent' in outcome ? outcome : undefined;
  };
  for (const shape of shapes) {
    for (let turn = 0; turn < chosen.length; turn += 1) {
      const contender = chosen[(round + turn) % chosen.length] as Contender;
      const { name, only = shape.kind } = contender;
      if (only !== shape.kind) {
        known.set(keyOf(shape, name), { absent: 'as without' });
        continue;
      }
      // Who cannot do a smaller one is not asked for a larger one.
      const smaller = shapes.filter(({ kind, size }) => kind === shape.kind && size <= shape.size);
      const reason = smaller.map((one) => missed(one, name)).find((outcome) => outcome !== undefined);
      known.set(keyOf(shape, name), reason ?? (await outcomeOf(contender, shape, limit)));
    }
  }
  return figuresOf(
    shapes,
    chosen.map(({ name }) => name),
    (shape, name) => known.get(keyOf(shape, name)) ?? { absent: 'not measured' },
  );
}

async function outcomeOf(contender: Contender, shape: Shape, limit: number): Promise<Outcome> {
  try {
    const small = { ...shape, size: Math.min(shape.size, warmUpSizes[shape.kind]) };
    const [measured] = await measureWorkflows(contender, [shape], limit, new Array<Shape>(warmUps).fill(small));
    return measured ?? { absent: 'not measured' };
  } catch (error) {
    if (!(error instanceof OrderError)) throw error;
    return { absent: firstLine(error.message) };
  }
}

function firstLine(text: string): string {
  const longest = 120;
  const [line = ''] = text.split('\n');
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
