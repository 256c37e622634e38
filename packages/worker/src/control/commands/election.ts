import { controlCommand, type WorkerCommand } from '../worker-command.js';

/** celery 5.6 worker/control.py, election. */
export const election: WorkerCommand = controlCommand({
  name: 'election',
  help: 'Hold election.',
  args: { id: 'text', topic: 'text', action: 'any' },
  run: ({ gossip }, { id, topic, action }) => {
    if (id === undefined || topic === undefined) throw new TypeError('An election has an id and a topic.');
    gossip?.hold(id, topic, action);
  },
});
