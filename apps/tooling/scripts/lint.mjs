// npm run lint: the type-aware linter and the formatter in its checking mode. `npm run format` repairs the second.
import { runSteps } from './steps.mjs';
import { build, main, run } from './workspace.mjs';

export const lintSteps = [
  { name: 'lint', run: () => run(['oxlint', '--type-aware', '--deny-warnings', 'packages', 'apps', 'examples']) },
  { name: 'format', run: () => run(['biome', 'format', '--max-diagnostics=50']) },
];

if (import.meta.filename === process.argv[1]) {
  main(async () => {
    await build(); // the type-aware rules read the built declarations
    const { failed } = await runSteps(lintSteps);
    return failed === 0 ? 0 : 1;
  });
}
