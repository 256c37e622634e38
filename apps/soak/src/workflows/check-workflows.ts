import { differences, type Shape, shapes } from '@ctq/random-workflows';
import { seededRandom } from '@ctq/test-services';
import fc from 'fast-check';
import { WorkflowScene, type WorkflowSceneOptions } from './workflow-scene.js';

export interface WorkflowCheck extends Omit<WorkflowSceneOptions, 'isDoubled' | 'patience'> {
  readonly seed: number;
  readonly count: number;
  /** A fifth of all messages come twice. */
  readonly isDoubled: boolean;
}

const arbitrary = shapes({ maxDepth: 4 });

/**
 * Sends all workflows of a sample at the same time. Resolves with in what they are not as expected, each with the seed and the path of its workflow; the first with the smallest
 * workflow that still shows it when it is alone.
 */
export async function checkWorkflows({ seed, count, isDoubled, ...place }: WorkflowCheck): Promise<readonly string[]> {
  const run = async (
    sample: readonly Shape[],
    salt: string,
    patience: number,
  ): Promise<readonly (readonly string[])[]> => {
    const random = seededRandom(seed);
    await using scene = new WorkflowScene({ ...place, patience, isDoubled: () => isDoubled && random() < 0.2 });
    await scene.start();
    const ended = await Promise.all(sample.map((shape, index) => scene.send(shape, `${salt}${index}`, 'start')));
    // What must not run would have run by now.
    await scene.drain();
    return ended.map((done) => differences({ ...done, ran: scene.ranOf(done.run) }, isDoubled));
  };
  const sample = fc.sample(arbitrary, { seed, numRuns: count });
  const found = await run(sample, 'w', 40);
  const [first, ...others] = found.flatMap((texts, path) => texts.map((text) => ({ text, path })));
  if (first === undefined) return [];
  const where = (path: string | number): string => `seed ${seed}, path '${path}'`;
  const smaller = await fc.check(
    fc.asyncProperty(arbitrary, async (shape) => (await run([shape], 's', 3)).flat().length === 0),
    { seed, path: String(first.path), numRuns: 1, plugins: [fc.interruptAfterTimeLimit(60_000)] },
  );
  const small =
    smaller.counterexample === null
      ? `alone it is as expected: ${JSON.stringify(sample[first.path])}`
      : `${where(smaller.counterexamplePath ?? first.path)}: ${JSON.stringify(smaller.counterexample)}`;
  return [
    `${first.text} (${where(first.path)}; ${small})`,
    ...others.map(({ text, path }) => `${text} (${where(path)}: ${JSON.stringify(sample[path])})`),
  ];
}
