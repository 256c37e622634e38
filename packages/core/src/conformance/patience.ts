/** Waits for what has to become true; fails when it does not within the kit's patience. Nothing is asserted about how long it takes. */
export async function until(patienceMs: number, what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`Waited ${patienceMs} ms in vain for ${what}.`);
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
