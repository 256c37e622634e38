// The same as an option of a call
import { add, label, report } from './shop.js';

await add.applyAsync([2, 2], { link: [label.s(), add.s(10)] });
// mistake
await add.applyAsync([2, 2], { link: report.s() });
