// Going on after a retry
// `ctx.retry()` leaves the task. With `throw: false` it gives what is to be thrown.
import { app } from './shop.js';

app.task('charge', { bind: true }, (ctx): string => {
  throw ctx.retry({ countdown: '1m', throw: false });
});
// mistake
app.task('charge', { bind: true }, (ctx): string => ctx.retry({ countdown: '1m', throw: false }));
