// A list of named checks. Each prints one line, and its whole output when it fails; all of them run, so that one visit
// shows everything that is wrong.

/**
 * @param {{ name: string, run: () => Promise<{ code: number, output: string }> }[]} steps
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
    const { name, code, output, seconds } = await outcome;
    process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n`);
    if (code === 0) {
      totals.passed += 1;
    } else {
      totals.failed += 1;
      process.stdout.write(`${output.trimEnd().replace(/^/gm, '    ')}\n`);
    }
  }
  return totals;
}

async function timed({ name, run }) {
  const startedAt = performance.now();
  const outcome = await run();
  return { name, ...outcome, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
}
