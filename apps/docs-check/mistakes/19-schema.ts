// An object that the schema does not take
import { sell } from './shop.js';

await sell.delay({ article: 'tea' });
// mistake
await sell.delay({ article: 'tea', amount: 'two' });
