import { beforeAll, describe, expect, it } from 'vitest';
import { compilerWork } from './compile-programs.js';

const tasks = `import { type Ctq, chain, chord, group } from '@ctq/core';
declare const app: Ctq;
const add = app.task('add', (x: number, y: number) => x + y);
const show = app.task('show', (n: number) => String(n));
const measure = app.task('measure', (text: string, unit: number) => text.length * unit);
const count = app.task('count', (all: readonly unknown[]) => all.length);
`;

/** Steps of which each gives what only the next one takes. */
function steps(size: number): readonly string[] {
  return Array.from({ length: size }, (_, n) =>
    n === 0 ? 'add.s(1, 2)' : n % 2 === 1 ? 'show.s()' : `measure.s(${n})`,
  );
}

const workflows: Readonly<Record<string, (size: number) => string>> = {
  'a chain': (size) => `chain(${steps(size).join(', ')})`,
  'a nest': (depth) => {
    let whole = 'add.s(1, 2)';
    for (let level = 1; level < depth; level += 1)
      whole = `group([${whole}, chord([show.s(1), add.s(1, 2)], count.s())])`;
    return `chord(${whole}, count.s())`;
  },
};

/** Both counts together. */
async function workOf(workflow: string, size: number): Promise<number> {
  const program = `${tasks}export const whole = ${workflows[workflow]?.(size)};\n`;
  const { types, instantiations } = await compilerWork(`cost/${workflow.replaceAll(' ', '-')}-${size}`, program);
  return types + instantiations;
}

/**
 * Counts in place of times, which say something about the machine. On one that does nothing else 10,000 are well below a tenth of a second.
 */
describe.each([
  { workflow: 'a chain', sizes: [50, 100, 200], each: 100 },
  // Of groups and chords, as deep as that.
  { workflow: 'a nest', sizes: [3, 6, 12], each: 500 },
])('Types of $workflow', ({ workflow, sizes: [small = 0, middle = 0, large = 0], each }) => {
  let work: readonly number[] = [];

  beforeAll(async () => {
    work = await Promise.all([small, middle, large].map((size) => workOf(workflow, size)));
  }, 60_000);

  it('are checked with work that grows with its size, and no faster', () => {
    const [ofSmall = Number.NaN, ofMiddle = Number.NaN, ofLarge = Number.NaN] = work;
    const first = (ofMiddle - ofSmall) / (middle - small);
    const then = (ofLarge - ofMiddle) / (large - middle);
    expect(then).toBeLessThanOrEqual(first * 1.1);
    expect(first).toBeLessThan(each);
    expect(first).toBeGreaterThan(0);
  });

  it('are checked with little work', () => {
    expect(work[0]).toBeLessThan(20_000);
  });
});
