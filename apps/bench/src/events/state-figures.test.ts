import { expect, test } from 'vitest';
import { celeryProgram } from '../celery-program.js';
import { stateFigures } from './state-figures.js';

test('The states of ctq and Celery are measured on the same events, and have the same bounds', {
  timeout: 300_000,
}, async () => {
  // Makes the environment of Python where it is not there yet.
  await celeryProgram({ url: 'memory://', stores: false }, []);
  const figures = await stateFigures(11_000);
  expect(figures.map(({ name, unit }) => [name, unit])).toEqual([
    ['state of a cluster: ctq', 'events/s'],
    ['state of a cluster: Celery', 'events/s'],
    ['heap of a state of 200 workers and 10000 tasks', 'MiB'],
  ]);
  expect(figures.filter(({ value }) => !(value > 0))).toEqual([]);
});
