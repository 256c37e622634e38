import { isDeepStrictEqual } from 'node:util';
import type { Kernel, Revocation, TaskMessage } from '@ctq/core';
import { durationMs } from '@ctq/runtime';
import { ExpiringIds } from '../deduplicate/expiring-ids.js';

/** Why a call is not run. */
export type RevokedBy = { readonly id: string } | { readonly header: Readonly<Record<string, unknown>> };

/** What a worker knows is not to be run: ids and values of stamped headers, so many for so long (celery 5.6 worker/state.py). */
export class Revocations {
  readonly #settings: Pick<Kernel, 'settings' | 'clock'>;
  readonly #ids: ExpiringIds;
  /** By header, by the value as JSON. */
  readonly #stamps = new Map<string, ExpiringIds>();
  /** Changes, so that who saves them knows. */
  changes = 0;

  constructor(kernel: Pick<Kernel, 'settings' | 'clock'>) {
    this.#settings = kernel;
    this.#ids = this.#remembering();
  }

  /** Resolves with those that are new here. */
  add(revocations: readonly Revocation[]): readonly Revocation[] {
    const added: Revocation[] = [];
    for (const revocation of revocations) {
      const [ids, id] =
        'id' in revocation
          ? [this.#ids, revocation.id]
          : [this.#stamped(revocation.header), JSON.stringify(revocation.value ?? null)];
      if (ids.has(id)) continue;
      ids.add(id, revocation.at);
      // Older than anything that is remembered.
      if (ids.has(id)) added.push(revocation);
    }
    this.changes += added.length;
    return added;
  }

  /** TR-245: of stamps, the first header of which anything is revoked decides. */
  of({ id, stampedHeaders, stamps }: Pick<TaskMessage, 'id' | 'stampedHeaders' | 'stamps'>): RevokedBy | undefined {
    if (this.#ids.has(id)) return { id };
    const header = stampedHeaders?.find((name) => (this.#stamps.get(name)?.size ?? 0) > 0);
    if (header === undefined) return undefined;
    const stamped = stamps[header];
    const revoked = this.#stamps.get(header);
    const value = (Array.isArray(stamped) ? (stamped as unknown[]) : [stamped]).find((one) =>
      revoked?.has(JSON.stringify(one ?? null)),
    );
    return value === undefined ? undefined : { header: { [header]: value } };
  }

  /** All of them. */
  entries(): readonly Revocation[] {
    const stamps = [...this.#stamps].flatMap(([header, values]) =>
      values.entries().map(([value, at]) => ({ header, value: JSON.parse(value) as unknown, at })),
    );
    return [...this.#ids.entries().map(([id, at]) => ({ id, at })), ...stamps];
  }

  #stamped(header: string): ExpiringIds {
    let values = this.#stamps.get(header);
    if (values === undefined) {
      values = this.#remembering();
      this.#stamps.set(header, values);
    }
    return values;
  }

  #remembering(): ExpiringIds {
    const { settings, clock } = this.#settings;
    return new ExpiringIds({
      max: settings.workerRevokesMax,
      expiresMs: durationMs(settings.workerRevokeExpires),
      clock,
    });
  }
}

/** Whether a revocation is meant for a call. */
export function concerns(revocation: Revocation, { id, stamps }: Pick<TaskMessage, 'id' | 'stamps'>): boolean {
  if ('id' in revocation) return revocation.id === id;
  const stamped = stamps[revocation.header];
  return (Array.isArray(stamped) ? (stamped as unknown[]) : [stamped]).some((one) =>
    isDeepStrictEqual(one, revocation.value),
  );
}
