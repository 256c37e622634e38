import { isDeepStrictEqual } from 'node:util';
import type { Kernel, Revocation, TaskMessage } from '@ctq/core';
import { durationMs } from '@ctq/runtime';
import { ExpiringIds } from '../deduplicate/expiring-ids.js';

/** Why a call is not run. */
export type RevokedBy =
  | { readonly id: string }
  /** With its workflow. */
  | { readonly root: string }
  | { readonly header: Readonly<Record<string, unknown>> };

/** What decides whether a call is to be run. */
export type RevocableCall = Pick<TaskMessage, 'id' | 'rootId' | 'parentId' | 'stampedHeaders' | 'stamps'>;

/** What a worker knows is not to be run: ids, roots and values of stamped headers, of each so many for so long (celery 5.6 worker/state.py). */
export class Revocations {
  readonly #settings: Pick<Kernel, 'settings' | 'clock'>;
  readonly #ids: ExpiringIds;
  readonly #roots: ExpiringIds;
  /** Those of all kinds that end what runs already. */
  readonly #ending: ExpiringIds;
  /** By header, by the value as JSON. */
  readonly #stamps = new Map<string, ExpiringIds>();
  /** Changes, so that who saves them knows. */
  changes = 0;

  constructor(kernel: Pick<Kernel, 'settings' | 'clock'>) {
    this.#settings = kernel;
    this.#ids = this.#remembering();
    this.#roots = this.#remembering();
    this.#ending = this.#remembering();
  }

  /** Gives those that are new here, or are to end what runs from now on. */
  add(revocations: readonly Revocation[]): readonly Revocation[] {
    const added: Revocation[] = [];
    for (const revocation of revocations) {
      const [ids, id] = this.#placeOf(revocation);
      const isKnown = ids.has(id);
      if (isKnown && !this.#beginsToEnd(revocation)) continue;
      if (!isKnown) ids.add(id, revocation.at);
      // Older than anything that is remembered.
      if (!ids.has(id)) continue;
      if (revocation.terminate === true) this.#ending.add(keyOf(revocation), revocation.at);
      added.push(revocation);
    }
    this.changes += added.length;
    return added;
  }

  /** TR-245: of stamps, the first header of which anything is revoked decides. */
  of(call: RevocableCall): RevokedBy | undefined {
    const { id, stampedHeaders, stamps } = call;
    if (this.#ids.has(id)) return { id };
    const root = this.#rootOf(call);
    if (root !== undefined) return { root };
    const header = stampedHeaders?.find((name) => (this.#stamps.get(name)?.size ?? 0) > 0);
    if (header === undefined) return undefined;
    const stamped = stamps[header];
    const revoked = this.#stamps.get(header);
    const value = (Array.isArray(stamped) ? (stamped as unknown[]) : [stamped]).find((one) =>
      revoked?.has(JSON.stringify(one ?? null)),
    );
    return value === undefined ? undefined : { header: { [header]: value } };
  }

  /** Whether a task, what it sends and what follows it are not to be run. */
  isCancelled(taskId: string): boolean {
    return this.#roots.has(taskId);
  }

  /** Ids of calls, the oldest first. */
  get ids(): readonly string[] {
    return this.#ids.entries().map(([id]) => id);
  }

  /** All of them. */
  entries(): readonly Revocation[] {
    const stamps = [...this.#stamps].flatMap(([header, values]) =>
      values.entries().map(([value, at]) => ({ header, value: JSON.parse(value) as unknown, at })),
    );
    const roots = this.#roots.entries().map(([root, at]) => ({ root, at }));
    return [...this.#ids.entries().map(([id, at]) => ({ id, at })), ...roots, ...stamps];
  }

  #rootOf({ id, rootId, parentId }: RevocableCall): string | undefined {
    if (this.#roots.has(id)) return id;
    if (rootId !== null && this.#roots.has(rootId)) return rootId;
    return parentId !== null && this.#roots.has(parentId) ? parentId : undefined;
  }

  #beginsToEnd(revocation: Revocation): boolean {
    return revocation.terminate === true && !this.#ending.has(keyOf(revocation));
  }

  #placeOf(revocation: Revocation): readonly [ids: ExpiringIds, id: string] {
    if ('id' in revocation) return [this.#ids, revocation.id];
    if ('root' in revocation) return [this.#roots, revocation.root];
    return [this.#stamped(revocation.header), JSON.stringify(revocation.value ?? null)];
  }

  #stamped(header: string): ExpiringIds {
    let values = this.#stamps.get(header);
    if (values === undefined) {
      this.#makeRoomForHeader();
      values = this.#remembering();
      this.#stamps.set(header, values);
    }
    return values;
  }

  /** RC-157: headers come with messages, and there could be one for each of them. */
  #makeRoomForHeader(): void {
    const { workerRevokesMax } = this.#settings.settings;
    if (this.#stamps.size < Math.max(1, workerRevokesMax)) return;
    for (const [header, values] of this.#stamps) if (values.size === 0) this.#stamps.delete(header);
    if (this.#stamps.size < Math.max(1, workerRevokesMax)) return;
    for (const oldest of this.#stamps.keys()) return void this.#stamps.delete(oldest);
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

function keyOf({ at, terminate, ...what }: Revocation): string {
  return JSON.stringify(what);
}

/** Whether a revocation is meant for a call. */
export function concerns(revocation: Revocation, { id, rootId, parentId, stamps }: RevocableCall): boolean {
  if ('id' in revocation) return revocation.id === id;
  if ('root' in revocation) return [id, rootId, parentId].includes(revocation.root);
  const stamped = stamps[revocation.header];
  return (Array.isArray(stamped) ? (stamped as unknown[]) : [stamped]).some((one) =>
    isDeepStrictEqual(one, revocation.value),
  );
}
