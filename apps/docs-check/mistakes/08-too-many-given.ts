// A signature with too many arguments
import { add } from './shop.js';

add.s(4);
// mistake
add.s(1, 2, 3);
