// A wrong argument
// `delay` and `applyAsync` take what the function takes.
import { add } from './shop.js';

await add.delay(2, 2);
// mistake
await add.delay(2, '2');
