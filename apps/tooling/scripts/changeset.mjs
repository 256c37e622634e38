// npm run changeset: describes a change for the people who upgrade. `-- version` raises versions and writes changelogs from
// what was described, `-- publish` publishes. Runs below pnpm, which turns `workspace:^` into versions as it publishes.
import { ensureInstalled, main, pnpm, run } from './workspace.mjs';

main(async () => {
  await ensureInstalled();
  const { code } = await run([...pnpm, 'exec', 'changeset', ...process.argv.slice(2)], { inherit: true });
  return code;
});
