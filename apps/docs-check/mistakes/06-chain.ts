// A link that does not take the result before it
// `label` gives a text.
import { chain } from '@ctq/core';
import { add, label } from './shop.js';

chain(add.s(2, 2), label.s());
// mistake
chain(label.s(1), add.s(4));
