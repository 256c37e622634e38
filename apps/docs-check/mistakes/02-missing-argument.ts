// A missing argument
import { add } from './shop.js';

await add.applyAsync([2, 2]);
// mistake
await add.applyAsync([2]);
