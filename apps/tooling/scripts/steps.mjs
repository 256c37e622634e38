// A list of named checks. Each prints one line, and its whole output when it fails or is worth seeing (`isShown`); all of
// them run, so that one visit shows everything that is wrong.

/**
 * @param {{ name: string, run: () => Promise<{ code: number, output: string }>, isShown?: boolean }[]} steps
 * @param {{ atOnce?: number }} [options] how many run at the same time; they report in their order all the same
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runSteps(steps, { atOnce = 1 } = {}) {
  const totals = { passed: 0, failed: 0 };
  const running = [];
  for (const [index, step] of steps.entries()) {
    running.push((running[index - atOnce] ?? Promise.resolve()).then(() => timed(step)));
  }
  for (const outcome of running) {
    const { name, code, output, seconds, isShown = false } = await outcome;
    process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n`);
    totals[code === 0 ? 'passed' : 'failed'] += 1;
    if (code !== 0 || isShown) process.stdout.write(`${output.trimEnd().replace(/^/gm, '    ')}\n`);
  }
  return totals;
}

async function timed({ name, run, isShown }) {
  const startedAt = performance.now();
  const outcome = await run();
  return { name, isShown, ...outcome, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
}
