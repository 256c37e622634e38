/** What to do about an error of a module that used the app before there was one, since both import each other; undefined for other errors. */
export function importCycleAdvice(error: Error): string | undefined {
  // By Node's own modules; by loaders that make CommonJS of them.
  const isCycle =
    (error instanceof ReferenceError && error.message.includes('before initialization')) ||
    (error instanceof TypeError && /of undefined \(reading 'task(?:With)?'\)/.test(error.message));
  return isCycle
    ? "Two modules import each other: give the app a module of its own, which imports no tasks, and name the tasks' modules in include."
    : undefined;
}
