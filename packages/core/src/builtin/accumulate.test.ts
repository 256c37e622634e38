import { describe, expect, it } from 'vitest';
import { Ctq } from '../app/ctq.js';

describe('celery.accumulate', () => {
  it('gives the list of a header by its index, or what it was called with, in every app and unlisted', async () => {
    const app = new Ctq('client', { taskAlwaysEager: true });
    expect(await (await app.sendTask('celery.accumulate', [[1, 2]], { index: 0 })).get()).toEqual([1, 2]);
    expect(await (await app.sendTask('celery.accumulate', [[1, 2]])).get()).toEqual([[1, 2]]);
    expect(app.kernel.registry.names).toEqual([]);
  });
});
