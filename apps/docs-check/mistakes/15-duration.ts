// A duration without a known unit
// A number is seconds.
import { add } from './shop.js';

await add.applyAsync([2, 2], { countdown: '10m' });
// mistake
await add.applyAsync([2, 2], { countdown: '10 minutes' });
