import { hostname } from 'node:os';
import type { Message } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import { TaskRevokedError } from '../errors/task-errors.js';
import { addToChord } from '../execute/add-to-chord.js';
import { completeRevoked, completeTask, storeProgress } from '../execute/complete-task.js';
import { executeIntercepted } from '../execute/execute-intercepted.js';
import type { Execution } from '../execute/execution.js';
import { replaceTask } from '../execute/replacement.js';
import { tellOutcome } from '../execute/tell-outcome.js';
import { TaskAbort } from '../execute/task-abort.js';
import { decodeTask } from '../protocol/decode-task.js';
import { stateAfter } from '../unique/state-after.js';
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
    const routed = kernel.router.route(request);
    const { message } = buildMessage(kernel, request, routed, `gen${process.pid}@${this.#hostname}`);
    const { outbox } = request.options;
    if (outbox === undefined) return await this.#run(message);
    outbox.hold({
      task: request.task,
      id: request.id,
      outgoing: { message, route: routed.destination.address },
      send: async () => {
        await this.#run(message);
        return undefined;
      },
    });
  }

  async #run(sent: Message): Promise<void> {
    const kernel = this.#kernel;
    const message = decodeTask(sent, kernel.content);
    const definition = kernel.registry.get(message.task);
    const completion = { message, definition, deliveryInfo: undefined, hostname: this.#hostname };
    const execution: Execution = {
      definition,
      message,
      source: sent,
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
      replace: (signature) => replaceTask(kernel, execution, signature),
      addToChord: (addition) => addToChord(kernel, execution, addition),
    };
    const { unique } = message;
    let version: number | undefined;
    if (unique !== undefined) {
      const beginning = await kernel.unique.begin(message.id, unique, { redelivered: false });
      if (beginning.kind === 'replaced') {
        await completeRevoked(kernel, completion, new TaskRevokedError(`replaced by ${beginning.by}`));
        return kernel.unique.forgetReplaced(message.id, unique);
      }
      ({ version } = beginning);
    }
    const outcome = await executeIntercepted(kernel, execution);
    if (unique !== undefined) version = await kernel.unique.end(message.id, unique, stateAfter(outcome), version);
    const settled = await completeTask(kernel, { ...completion, outcome });
    // A result that could not be stored is a failure.
    if (unique !== undefined && settled.kind !== outcome.kind)
      await kernel.unique.end(message.id, unique, stateAfter(settled), version);
    await tellOutcome(kernel, execution, settled);
    if (settled.kind === 'failure' && kernel.settings.taskEagerPropagates) throw settled.error;
  }
}
