// A member of a group, as another type
// A group has the tuple of its results.
import { group } from '@ctq/core';
import { add, label } from './shop.js';

const results = await group([add.s(1, 1), label.s(2)]).delay();
const [sum, text] = await results.get();
sum.toFixed(2);
// mistake
text.toFixed(2);
