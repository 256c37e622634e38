// npm run demo | bench | soak: builds what changed and runs apps/<name>/dist/main.js with the arguments after `--`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, main, root } from './workspace.mjs';

main(async () => {
  const [name, ...args] = process.argv.slice(2);
  await ensureBuilt();
  const child = spawn(process.execPath, [join(root, 'apps', name, 'dist/main.js'), ...args], { stdio: 'inherit' });
  process.on('SIGINT', () => {}); // the terminal sends it to the child too; a second one would mean "stop at once"
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
});
