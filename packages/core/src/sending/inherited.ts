/** What a call takes from the task that makes it, where neither it nor its task nor its route says otherwise. */
export interface Inherited {
  readonly priority?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly stampedHeaders?: readonly string[];
  readonly stamps?: Readonly<Record<string, unknown>>;
}
