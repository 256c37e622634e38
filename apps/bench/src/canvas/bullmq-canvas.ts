import type { FlowJob } from 'bullmq';
import type { Shape } from './shape.js';

export const bullmqCanvas = 'bench-canvas';

/** What a job adds up: two numbers, or what its children came to and one more. */
export interface Addition {
  readonly x?: number;
  readonly y?: number;
}

/** Members of a header are the children of its body, the steps of a chain each the only child of the one after it. */
export function flowOf({ kind, size }: Shape): FlowJob {
  switch (kind) {
    case 'chord':
    case 'group':
      return total(Array.from({ length: size }, (_, n) => job('add', { x: n, y: 1 })));
    case 'chain': {
      let last = job('add', { x: 0, y: 1 });
      for (let step = 1; step < size; step += 1) last = job('add', { y: 1 }, [last]);
      return last;
    }
    case 'nested': {
      let whole = total([one(), one()]);
      for (let depth = 1; depth < size; depth += 1) whole = total([whole, one()]);
      return whole;
    }
  }
}

function one(): FlowJob {
  return job('add', { x: 0, y: 1 });
}

function total(children: FlowJob[]): FlowJob {
  return job('total', {}, children);
}

function job(name: string, data: Addition, children?: FlowJob[]): FlowJob {
  return { name, queueName: bullmqCanvas, data, ...(children === undefined ? {} : { children }) };
}
