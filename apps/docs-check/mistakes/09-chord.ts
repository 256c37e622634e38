// A body that does not take the list of results
import { chord } from '@ctq/core';
import { add, label, total } from './shop.js';

chord([add.s(1, 1), add.s(2, 2)], total.s());
// mistake
chord([label.s(1), label.s(2)], total.s());
