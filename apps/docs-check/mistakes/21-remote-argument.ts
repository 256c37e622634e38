// A wrong argument for a task that is elsewhere
import { app, type add } from './shop.js';

await app.remote<typeof add>('add').delay(2, 2);
// mistake
await app.remote<typeof add>('add').delay('2', 2);
