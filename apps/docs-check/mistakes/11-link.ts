// A callback that does not take the result
import { add, label, report } from './shop.js';

add.s(2, 2).link(label.s());
// mistake
add.s(2, 2).link(report.s());
