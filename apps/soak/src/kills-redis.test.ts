import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { killFamily } from './kill-family.js';
import { privateRedisPlace, redisPlace } from './place.js';

describeWith('redis', 'A worker', (url) => {
  killFamily({
    store: 'Redis',
    row: 'WK-062',
    open: (lease) => redisPlace(redisDatabase(url, 'soakKills'), lease),
    openWithBroker: privateRedisPlace,
  });
});
