import { createInterface } from 'node:readline';
import type { Answer, Answered, Order } from './order.js';
import type { Shape } from './shape.js';

/** A client of a product that runs in Node. */
export interface CanvasClient {
  /** Makes a workflow; what it gives sends that and resolves with the result. */
  prepare(shape: Shape): () => Promise<number | readonly number[]>;
  /** How many tasks the worker has run since it was asked before. */
  ran(): Promise<number>;
}

/** Does what it is told, line by line, until there is nobody to tell it anything. */
export async function serveOrders(client: CanvasClient): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    const answer = await answerTo(client, JSON.parse(line) as Order);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function answerTo(client: CanvasClient, order: Order): Promise<Answer> {
  try {
    return await (order.what === 'ran' ? timed(() => client.ran()) : timed(client.prepare(order)));
  } catch (error) {
    return { error: String(error) };
  }
}

async function timed(act: () => Promise<number | readonly number[]>): Promise<Answered> {
  const startedAt = performance.now();
  const value = await act();
  const seconds = (performance.now() - startedAt) / 1_000;
  return { seconds, value: typeof value === 'number' ? value : value.reduce((sum, one) => sum + one, 0) };
}
