/** A call, or all calls with a stamp, that are not to be run any more. */
export type Revocation = {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** One that runs already is ended too. */
  readonly terminate?: boolean;
} & ({ readonly id: string } | { readonly header: string; readonly value: unknown });

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

export function stampRevocationsOf(headers: StampedHeaders, at: number, { terminate }: RevokeOptions): Revocation[] {
  const more = terminate === true ? { terminate } : {};
  return Object.entries(headers).flatMap(([header, values]) =>
    (Array.isArray(values) ? (values as unknown[]) : [values]).map((value) => ({ header, value, at, ...more })),
  );
}
