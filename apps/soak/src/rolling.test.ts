import { expect, it } from 'vitest';
import { rolling } from './rolling.js';
import { soak } from './soak.js';

it('workers that are restarted one after the other under load lose no task and run none twice', {
  timeout: 180_000,
}, async () => {
  const { lost, repeated } = await soak(rolling);
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
});
