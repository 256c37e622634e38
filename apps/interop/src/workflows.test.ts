import { differences, endsInCelery, shapes } from '@ctq/random-workflows';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';
import { WorkflowFleet } from './workflow-fleet.js';

const seed = 20_261_122;
// Celery sends what runs for many items without the place that it has in a workflow (canvas.py, _basemap.apply_async).
const workflows = shapes({ maxDepth: 3, without: ['map', 'chunks'] }).filter(endsInCelery);

describeOverBrokers(
  'Workflows of any shape, whose tasks are in both languages',
  { redis: 'interopRandomWorkflows', amqp: 'interopRandomWorkflows' },
  (place) => {
    const fleet = new WorkflowFleet(place, seed);
    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    test('come to what their parts come to, each part once', { timeout: 120_000 }, async () => {
      const sample = fc.sample(workflows, { seed, numRuns: 40 });
      const ended = await Promise.all(sample.map((shape, index) => fleet.send(shape, `w${index}`, 'start')));
      // What must not run would have run by now.
      await fleet.drain();
      const found = ended.flatMap((done, path) =>
        differences({ ...done, ran: fleet.ranOf(done.run) }, false).map(
          (difference) => `${difference} (seed ${seed}, path '${path}': ${JSON.stringify(sample[path])})`,
        ),
      );
      expect(found).toEqual([]);
    });
  },
);
