/**
 * A call, all calls with a stamp, or a call as the root of others, that are not to be run any more: with a root goes what has its id as `root_id` or as `parent_id`.
 */
export type Revocation = {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** One that runs already is ended too. */
  readonly terminate?: boolean;
} & ({ readonly id: string } | { readonly root: string } | { readonly header: string; readonly value: unknown });

export interface RevokeOptions {
  /** End it where it runs already: its code in threads and processes, elsewhere its `ctx.signal` is aborted. Default false. */
  readonly terminate?: boolean;
}

/** Stamped headers, each with a value or several. */
export type StampedHeaders = Readonly<Record<string, unknown>>;

export function revocationsOf(ids: string | readonly string[], at: number, { terminate }: RevokeOptions): Revocation[] {
  const more = terminate === true ? { terminate } : {};
  return (typeof ids === 'string' ? [ids] : ids).map((id) => ({ id, at, ...more }));
}

export function rootRevocationsOf(ids: readonly string[], at: number, { terminate }: RevokeOptions): Revocation[] {
  const more = terminate === true ? { terminate } : {};
  return ids.map((root) => ({ root, at, ...more }));
}

export function stampRevocationsOf(headers: StampedHeaders, at: number, { terminate }: RevokeOptions): Revocation[] {
  const more = terminate === true ? { terminate } : {};
  return Object.entries(headers).flatMap(([header, values]) =>
    (Array.isArray(values) ? (values as unknown[]) : [values]).map((value) => ({ header, value, at, ...more })),
  );
}
