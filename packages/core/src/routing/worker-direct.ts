import { exchange, type Queue, queue } from '@ctq/messaging';

/**
 * The queue of one worker alone, by its node name: `applyAsync(args, { queue: workerDirect('w1@host') })` (celery 5.6 utils/nodenames.py,
 * worker_direct). A worker consumes it with the setting `workerDirect`.
 */
export function workerDirect(nodeName: string): Queue {
  return queue(`${nodeName}.dq2`, { exchange: exchange('C.dq2'), routingKey: nodeName });
}
