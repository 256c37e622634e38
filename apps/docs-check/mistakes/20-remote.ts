// Calling a function that is elsewhere
// `app.remote` has the task's types and not its function.
import { app, type add } from './shop.js';

const there = app.remote<typeof add>('add');
await there.delay(2, 2);
// mistake
there(2, 2);
