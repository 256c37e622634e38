// A link that lacks an argument
// A link has to lack exactly one argument, which is the result before it, or none: `.si()`.
import { chain } from '@ctq/core';
import { add } from './shop.js';

chain(add.s(2, 2), add.s(4), add.si(1, 1));
// mistake
chain(add.s(2, 2), add.s());
