// npm run build: every package on its own, in dependency order, from turbo's cache where nothing changed.
// What a release publishes. Tests and checks compile the same projects with one `tsc -b` (see workspace.mjs).
import { ensureInstalled, main, pnpm, run } from './workspace.mjs';

main(async () => {
  await ensureInstalled();
  const turbo = ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only', ...process.argv.slice(2)];
  const { code } = await run([...pnpm, ...turbo], { inherit: true }); // turbo expects to find pnpm on PATH
  return code;
});
