// npm run interop: the suites of real Python Celery and ctq over one Redis and one RabbitMQ, then what they have shown as a table: printed, and
// written to docs/celery/interop.md. `npm test` prints it too, and fails where the page says something else.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { main, root, run, tooling } from './workspace.mjs';

const report = join(root, '.vitest/partial.json');

main(async () => {
  rmSync(report, { force: true });
  const suites = await run([process.execPath, join(tooling, 'scripts/test.mjs'), 'apps/interop'], { inherit: true });
  const table = [process.execPath, join(root, 'apps/interop/dist/main.js'), report, '--write'];
  const { code } = await run(table, { inherit: true });
  return suites.code === 0 ? code : suites.code;
});
