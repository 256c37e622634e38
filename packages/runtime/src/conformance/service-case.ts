/** One rule of the {@link Service} contract under stress; `run` rejects with an `AssertionError` when the service breaks it. */
export interface ServiceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** How many turns into a start the kit interferes, one run each: enough for a few awaits in a row. */
export const interruptions: readonly number[] = [0, 1, 2, 3, 5, 8];
