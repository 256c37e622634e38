/** @throws RangeError for a size that no pool can have. */
export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`A pool runs at least one task at a time, not ${size}.`);
}
