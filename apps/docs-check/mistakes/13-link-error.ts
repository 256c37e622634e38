// An errback that does not take an id
// It is given the id of the task that failed.
import { add, label, report } from './shop.js';

add.s(2, 2).linkError(report.s());
// mistake
add.s(2, 2).linkError(label.s());
