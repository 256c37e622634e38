import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigurationError, type Deadline, type Logger, type Service, toError } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';
import type { Examination, Probe } from './examine.js';

/** Where a worker answers probes. */
export interface HealthOptions {
  /** 0 for any free one; `worker.healthAddress` says which. */
  readonly port: number;
  /** The address to listen on. Default: all of them, since probes come from outside. */
  readonly host?: string;
}

export interface HealthServerOptions extends HealthOptions {
  readonly examine: (probe: Probe) => Examination;
  readonly logger: Logger;
}

/** Who asks and does not go on is not waited for. */
const requestMs = 5_000;

/**
 * Answers probes over HTTP: 200 or 503, with the reasons in a JSON body. It runs on the worker's own event loop on purpose: a loop that is
 * blocked does not answer, and the probe's time limit is what finds it.
 */
export class HealthServer implements Service {
  readonly name = 'health server';
  readonly #options: HealthServerOptions;
  readonly #life = new ServiceLife('health server');
  readonly #server: Server;

  constructor(options: HealthServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: requestMs },
      (request, response) => this.#answer(request, response),
    );
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  /** Where it listens; undefined while it does not. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#server.address() as AddressInfo | null;
    return address === null ? undefined : { host: address.address, port: address.port };
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      try {
        await this.#listen();
      } catch (error) {
        throw cannotListen(this.#options, toError(error));
      }
      this.#server.on('error', (error) => this.#life.fail(error));
      if (pending.aborted) {
        await this.#close();
        throw pending.reason;
      }
      this.#options.logger.info(`Probes are answered at ${urlOf(this.#server.address() as AddressInfo)}`);
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    await deadline.wait(this.#close());
  }

  #listen(): Promise<void> {
    const { port, host } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #close(): Promise<void> {
    return new Promise((resolve) => {
      // It is an error to close one that does not listen; there is nothing to be done then.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const probe = probeOf(request.url);
    if (probe === undefined) return reply(response, 404, { reasons: ['There are /livez, /readyz and /startupz.'] });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return reply(response, 405, { reasons: ['Only GET and HEAD.'] });
    const examination = this.#options.examine(probe);
    reply(response, examination.ok ? 200 : 503, examination);
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function probeOf(url: string | undefined): Probe | undefined {
  const path = url?.split('?', 1)[0];
  if (path === '/livez') return 'livez';
  if (path === '/readyz') return 'readyz';
  return path === '/startupz' ? 'startupz' : undefined;
}

function cannotListen({ port, host = '*' }: HealthOptions, cause: Error): ConfigurationError {
  return new ConfigurationError('CTQ_HEALTH_PORT', `Probes cannot be answered on ${host}:${port}: ${cause.message}`, {
    cause,
  });
}
