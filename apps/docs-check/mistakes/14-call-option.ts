// An unknown option of a call
import { add } from './shop.js';

await add.applyAsync([2, 2], { queue: 'money' });
// mistake
await add.applyAsync([2, 2], { queu: 'money' });
