// A context that was not asked for
import type { TaskContext } from '@ctq/core';
import { app } from './shop.js';

app.task('charge', { bind: true }, (ctx, cents: number) => `${ctx.request.id} ${cents}`);
// mistake
app.task('charge', (ctx: TaskContext, cents: number) => `${ctx.request.id} ${cents}`);
