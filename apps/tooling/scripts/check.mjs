// npm run check: what a package looks like from outside (publint, are-the-types-wrong), what nobody uses (knip),
// and who imports whom (directions, cycles, ambient effects).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSteps } from './steps.mjs';
import { build, main, root, run, tooling } from './workspace.mjs';

const published = readdirSync(join(root, 'packages'))
  .sort()
  .map((folder) => ({ folder: join('packages', folder), name: manifest(folder).name }));

export const checkSteps = [
  {
    name: 'import directions, cycles and ambient effects',
    run: () => run([process.execPath, join(tooling, 'dist/check-imports.js')]),
  },
  {
    name: 'unused files, exports and dependencies',
    run: () => run(['knip', '--config', join(tooling, 'knip.json'), '--no-config-hints']),
  },
  ...published.flatMap(({ folder, name }) => [
    { name: `${name} as a package (publint)`, run: () => run(['publint', 'run', folder, '--strict', '--pack', 'npm']) },
    {
      name: `${name} as types (attw)`,
      run: () => run(['attw', '--pack', folder, '--profile', 'esm-only', '--no-definitely-typed', '--no-color']),
    },
  ]),
];

function manifest(folder) {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
}

if (import.meta.filename === process.argv[1]) {
  main(async () => {
    await build();
    const { failed } = await runSteps(checkSteps, { atOnce: 2 });
    return failed === 0 ? 0 : 1;
  });
}
