import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, it } from 'vitest';
import { rolling } from './rolling.js';
import { soak } from './soak.js';

describeWith('redis', 'on Redis', (url) => {
  it('workers that are restarted one after the other under load lose no task and run none twice', {
    timeout: 180_000,
  }, async () => {
    process.env['CTQ_BROKER_URL'] = redisDatabase(url, 'soakRollingQueues');
    process.env['CTQ_RESULT_BACKEND'] = redisDatabase(url, 'soakRollingResults');
    const { lost, repeated } = await soak(rolling);
    expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  });
});
