// npm run compatibility: docs/celery/compatibility.md from the parity checklists and the last test report.
// `--check` only compares the ids in test titles with the checklists. The work is in src/compatibility.ts.
import { join } from 'node:path';
import { build, main, run, tooling } from './workspace.mjs';

main(async () => {
  await build();
  const { code } = await run([process.execPath, join(tooling, 'dist/compatibility.js'), ...process.argv.slice(2)], {
    inherit: true,
  });
  return code;
});
