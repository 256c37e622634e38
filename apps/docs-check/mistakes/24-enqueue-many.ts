// A wrong argument among many calls
import { add } from './shop.js';

await add.enqueueMany([[1, 2], { args: [3, 4], options: { priority: 3 } }]);
// mistake
await add.enqueueMany([
  [1, 2],
  [3, '4'],
]);
