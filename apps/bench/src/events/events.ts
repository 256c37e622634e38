import { startServices } from '@ctq/test-services';
import type { Figure, Run } from '../measure.js';
import { crowdFigures } from './crowd-figures.js';
import { inspectFigures } from './inspect-figures.js';
import { stateFigures } from './state-figures.js';
import { throughputFigures } from './throughput.js';

/** What it costs to be seen, and how fast one sees: events of workers, the state of a cluster, remote control. */
export async function events({ quick }: Run): Promise<readonly Figure[]> {
  await using services = await startServices({ redis: true });
  if (services.redis === undefined) throw new Error('There is no Redis here and none could be installed.');
  const { url } = services.redis;
  return [
    ...(await throughputFigures(url, quick ? 0.1 : 1)),
    ...(await stateFigures(quick ? 20_000 : 100_000)),
    ...(await crowdFigures(url, quick ? 2 : 15)),
    ...(await inspectFigures(url, [1, 20], quick ? 20 : 200)),
  ];
}
