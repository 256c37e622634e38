import { freePorts } from '../free-port.js';
import { isListening } from '../probes/is-listening.js';
import { startServer } from '../server-process.js';
import { findRabbitMq } from './rabbit-node.js';

/** The program by which Erlang nodes find each other. */
export interface Epmd {
  readonly port: number;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** One of its own and in the foreground: the daemon that a node starts by itself would outlive it. */
export async function startEpmd(): Promise<Epmd> {
  const programs = findRabbitMq();
  if (programs === undefined) throw new Error('There is no rabbitmq-server here.');
  const [port = 0] = await freePorts(1);
  const server = startServer({
    program: programs.epmd,
    args: ['-port', String(port), '-address', '127.0.0.1'],
    cwd: '/',
    env: process.env,
    stopSignal: 'SIGKILL',
    cleanUp: ':',
  });
  try {
    await server.ready(async () => {
      if (!(await isListening(port))) throw new Error('epmd does not listen.');
    }, undefined);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { port, stop: () => server.stop() };
}
