import { ConfigurationError } from '@ctq/runtime';

/** Options of Kombu's Redis transport that have nothing to act on here, and what to use instead. */
const refused: Readonly<Record<string, string>> = {
  maxConnections: 'there is no pool: a connection of the app is two sockets, and a third for the keeper thread',
  retryOnTimeout:
    'the client repeats no commands; calls are published again by their own policy (taskPublishRetryPolicy), consumers connect again by themselves',
};

/** @throws ConfigurationError that says why, for an option that the transport knows and does not have. */
export function refuseOptions(given: Readonly<Record<string, unknown>>, supported: readonly string[]): void {
  for (const name of Object.keys(given)) {
    const reason = Object.hasOwn(refused, name) && !supported.includes(name) ? refused[name] : undefined;
    if (reason === undefined) continue;
    throw new ConfigurationError('CTQ_BAD_OPTION', `redis: '${name}' is not used here: ${reason}. Leave it out.`, {
      details: { option: name },
    });
  }
}
