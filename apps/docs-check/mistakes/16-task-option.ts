// An unknown option of a task
import { app } from './shop.js';

app.task('charge', { maxRetries: 5 }, (cents: number) => cents);
// mistake
app.task('charge', { maxRetry: 5 }, (cents: number) => cents);
