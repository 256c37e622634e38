// npm run format: writes every file in the house's format.
import { ensureInstalled, main, run } from './workspace.mjs';

main(async () => {
  await ensureInstalled();
  const { code } = await run(['biome', 'format', '--write'], { inherit: true });
  return code;
});
