import { hostname } from 'node:os';
import type { Kernel } from '../app/kernel.js';
import { completeTask, storeProgress } from '../execute/complete-task.js';
import { executeIntercepted } from '../execute/execute-intercepted.js';
import type { Execution } from '../execute/execution.js';
import { tellOutcome } from '../execute/tell-outcome.js';
import { TaskAbort } from '../execute/task-abort.js';
import { decodeTask } from '../protocol/decode-task.js';
import { buildMessage } from './build-message.js';
import type { SendRequest, TaskSender } from './task-sender.js';

/**
 * Runs calls in place of sending them (`taskAlwaysEager`): through the serializer and back, then along the worker's own path. Retries run at
 * once, workflows to their end. For tests.
 */
export class EagerSender implements TaskSender {
  readonly replyTo: string;
  readonly #kernel: Kernel;
  readonly #hostname = hostname();

  constructor(kernel: Kernel, replyTo: string) {
    this.#kernel = kernel;
    this.replyTo = replyTo;
  }

  async send(request: SendRequest): Promise<void> {
    const kernel = this.#kernel;
    const built = buildMessage(kernel, request, kernel.router.route(request), `gen${process.pid}@${this.#hostname}`);
    const message = decodeTask(built.message, kernel.content);
    const definition = kernel.registry.get(message.task);
    const completion = { message, definition, deliveryInfo: undefined, hostname: this.#hostname };
    const execution: Execution = {
      definition,
      message,
      source: built.message,
      deliveryInfo: undefined,
      properties: undefined,
      hostname: this.#hostname,
      isEager: true,
      abort: new TaskAbort(),
      clock: kernel.clock,
      logger: kernel.logger,
      updateState: (_message, state, meta) => storeProgress(kernel, completion, state, meta),
      // There is no worker, so nobody watches it.
      sendEvent: () => Promise.resolve(),
    };
    const outcome = await executeIntercepted(kernel, execution);
    const settled = await completeTask(kernel, { ...completion, outcome });
    await tellOutcome(kernel, execution, settled);
    if (settled.kind === 'failure' && kernel.settings.taskEagerPropagates) throw settled.error;
  }
}
