import { CommandError } from '../command-error.js';
import { checkGrowth } from '../check-growth.js';
import { controlCommand, ok, type WorkerCommand } from '../worker-command.js';

export const autoscale: WorkerCommand = controlCommand({
  name: 'autoscale',
  args: { max: 'integer', min: 'integer' },
  signature: '[max [min]]',
  help: 'Modify autoscale settings.',
  run({ autoscaler, consumer, pool }, { max, min }) {
    if (autoscaler === undefined) throw new CommandError('ValueError', 'Autoscale not enabled');
    checkGrowth(pool, Math.max(max ?? 1, min ?? 1));
    const range = autoscaler.update({
      ...(max === undefined ? {} : { max }),
      ...(min === undefined ? {} : { min }),
    });
    // As many messages are asked for as there may be slots for.
    consumer.resized();
    return ok(`autoscale now max=${range.max} min=${range.min}`);
  },
});
