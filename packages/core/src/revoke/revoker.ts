import { ConfigurationError, type Logger, toError } from '@ctq/runtime';
import type { ControlChannel, ControlMessage } from '../control/control-channel.js';
import type { Revocation } from './revocation.js';
import type { SharedRevocations } from './shared-revocations.js';

/** How long a broadcast may take whose content is in the store by then. */
const sendTimeout = '5s';
/** So many ids at a time: a message has to be read as a whole. */
const mostIds = 10_000;

export interface RevokerOptions {
  readonly shared: SharedRevocations;
  readonly channel: ControlChannel;
  /** Calls run where they are made: there is nobody to be told. */
  readonly runsInPlace: () => boolean;
  readonly logger: Logger;
}

/**
 * Says that calls are not to be run: in the app's store, which workers of ctq watch, and by the command `revoke` for those that cannot. An app without a store has the command
 * only, as Celery.
 */
export class Revoker {
  readonly #options: RevokerOptions;

  constructor(options: RevokerOptions) {
    this.#options = options;
  }

  /** Resolves when it is stored and sent. @throws what keeps it from both. */
  async revoke(revocations: readonly Revocation[]): Promise<void> {
    const { shared, runsInPlace } = this.#options;
    try {
      await shared.add(revocations);
    } catch (error) {
      if (!ConfigurationError.isInstance(error) || runsInPlace() || !areForAll(revocations)) throw error;
      await this.#send(revocations, { isStored: false });
      return;
    }
    if (!runsInPlace()) await this.#sendStored(revocations);
  }

  /** What is stored is known by everybody who can read it, also where it cannot be sent. */
  async #sendStored(revocations: readonly Revocation[]): Promise<void> {
    try {
      await this.#send(revocations, { isStored: true });
    } catch (error) {
      this.#options.logger.warn(
        { err: toError(error) },
        'What was revoked is stored, but could not be sent: workers that do not watch the store, those of Python among them, do not know of it',
      );
    }
  }

  async #send(revocations: readonly Revocation[], { isStored }: { readonly isStored: boolean }): Promise<void> {
    for (const message of revokeMessages(revocations))
      await this.#options.channel.send(message, isStored ? { isStored, sendTimeout } : {});
  }
}

/** Workflows are revoked by what their tasks have in common: without a store nobody knows what that is. */
function areForAll(revocations: readonly Revocation[]): boolean {
  return revocations.every((revocation) => !('root' in revocation));
}

/** celery 5.6 app/control.py, revoke and revoke_by_stamped_headers. Of a workflow, its tasks that are known. */
function* revokeMessages(revocations: readonly Revocation[]): Generator<ControlMessage> {
  for (const terminate of [false, true]) {
    const some = revocations.filter((revocation) => (revocation.terminate ?? false) === terminate);
    const how = { terminate, signal: 'SIGTERM' };
    const ids = some.flatMap((one) => ('id' in one ? [one.id] : 'root' in one ? [one.root] : []));
    for (let at = 0; at < ids.length; at += mostIds)
      yield { command: 'revoke', args: { task_id: ids.slice(at, at + mostIds), ...how } };
    const headers = new Map<string, unknown[]>();
    for (const one of some)
      if ('header' in one) headers.set(one.header, [...(headers.get(one.header) ?? []), one.value]);
    if (headers.size > 0)
      yield { command: 'revoke_by_stamped_headers', args: { headers: Object.fromEntries(headers), ...how } };
  }
}
