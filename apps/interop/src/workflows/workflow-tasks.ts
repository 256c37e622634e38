import type { MixedFleet } from '../mixed-fleet.js';
import { signatureOf } from './signature-of.js';
import type { WorkflowNode } from './workflow-node.js';

/** Gives an app the tasks that workflows consist of; those of Python are in `tasks.py`. */
export function defineWorkflowTasks(fleet: MixedFleet): void {
  const { app } = fleet;
  app.task('typescript.add', { params: ['x', 'y'] }, (x: number, y: number) => x + y);
  app.task('typescript.total', (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0));
  app.task('typescript.echo', (value: unknown) => value);
  app.task('typescript.refuse', (...args: unknown[]) => {
    throw new TypeError(String(args.at(-1)));
  });
  app.task('typescript.note', { bind: true }, async (ctx, ...args: unknown[]) => {
    const key = String(args.at(-1));
    await fleet.gates.note(key, { args: args.slice(0, -1), stamps: ctx.request.stamps });
  });
  app.task('typescript.told', { params: ['failed', 'key'] }, async (failed: string | undefined, key: string) => {
    await fleet.gates.note(key, { failed: failed ?? null });
  });
  app.task('typescript.stumble', (_failed: string) => {
    throw new TypeError('no errback');
  });
  app.task('typescript.become', { bind: true }, (ctx, ...args: unknown[]) =>
    ctx.replace(signatureOf(app, args.at(-1) as WorkflowNode) as never),
  );
  app.task('typescript.extend', { bind: true }, async (ctx, value: unknown, node: WorkflowNode) => {
    await ctx.addToChord(signatureOf(app, node) as never);
    return value;
  });
  app.task('typescript.stamped', { bind: true }, (ctx, before: readonly unknown[] = []) => [
    ...before,
    ctx.request.stamps,
  ]);
}
