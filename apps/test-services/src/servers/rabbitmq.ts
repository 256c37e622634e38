import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../free-port.js';
import { amqpNodeVariable, amqpVhosts } from '../rabbitmq/amqp-vhosts.js';
import { findRabbitMq, prepareRabbitNode } from '../rabbitmq/rabbit-node.js';
import type { Launch } from './launch.js';

/** A RabbitMQ node with the virtual hosts of the suites. An epmd outlives its node, and is ended with it. */
export const launchRabbitMq: Launch = async (folder) => {
  const programs = findRabbitMq();
  if (programs === undefined) return undefined;
  const [port = 0, distributionPort = 0, epmdPort = 0] = await freePorts(3);
  const { env, ctl } = await prepareRabbitNode({
    programs,
    folder,
    name: `ctq${port}`,
    distributionPort,
    epmdPort,
    config: { 'listeners.tcp.1': `127.0.0.1:${port}` },
    vhosts: amqpVhosts,
  });
  const node = join(folder, 'rabbitmqctl.json');
  await writeFile(node, JSON.stringify(ctl));
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}/`,
    variables: { [amqpNodeVariable]: node },
    command: {
      program: programs.server,
      args: [],
      cwd: folder,
      env,
      stopSignal: 'SIGTERM',
      cleanUp: `'${programs.epmd}' -port ${epmdPort} -kill >/dev/null 2>&1; rm -rf '${folder}'`,
    },
  };
};
