/** A kind of server that a test may need. */
export type ServiceName = 'redis' | 'amqp' | 'postgres';

export const serviceNames: readonly ServiceName[] = ['redis', 'amqp', 'postgres'];

/** A server to test against. Its data belongs to the tests: it is empty, or was named for them by a CTQ_TEST_… variable. */
export interface Service {
  readonly url: string;
  /** What suites are told of it beside the URL, as variables of their environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Where it comes from: the environment (left alone by `stop`), or started here from a binary or a docker image. */
  readonly origin: 'environment' | 'binary' | 'docker';
  /** Ends the server and removes its files. Calling it again awaits the same end. */
  stop(): Promise<void>;
}

/** The environment variable through which a running server is handed to the suites. */
export const environmentVariable: Readonly<Record<ServiceName, string>> = {
  redis: 'CTQ_TEST_REDIS_URL',
  amqp: 'CTQ_TEST_AMQP_URL',
  postgres: 'CTQ_TEST_POSTGRES_URL',
};
