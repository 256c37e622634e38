// npm test: the one command. Builds, type-checks the tests, lints, checks the packages, starts private servers, runs every
// suite and ends with one line of totals. `npm test -- packages/core` runs part of the suites and skips lint and checks;
// other arguments go to vitest. `--no-services` starts no servers.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkSteps } from './check.mjs';
import { failuresIn, printFailures } from './failures.mjs';
import { lintSteps } from './lint.mjs';
import { runSteps } from './steps.mjs';
import { build, ensureInstalled, main, root, run, tooling } from './workspace.mjs';

const args = process.argv.slice(2);
const withServices = !args.includes('--no-services');
const vitestArgs = args.filter((arg) => arg !== '--no-services');
const isPartial = vitestArgs.length > 0;
const report = join(root, '.vitest', isPartial ? 'partial.json' : 'report.json');

const buildSteps = [
  { name: 'build', run: build },
  {
    name: 'types of the tests',
    run: () => run(['tsc', '-p', join(tooling, 'tsconfig.tests.json'), '--pretty', 'false']),
  },
];
const reportSteps = [
  {
    name: 'docs/celery/interop.md is what Python and TypeScript were seen to do together',
    run: () => run([process.execPath, join(root, 'apps/interop/dist/main.js'), report]),
    isShown: true,
  },
  {
    name: 'test titles name existing parity rows',
    run: () => run([process.execPath, join(tooling, 'dist/compatibility.js'), '--check']),
  },
];

main(async () => {
  await ensureInstalled();
  const totals = { passed: 0, failed: 0, skipped: 0 };
  add(totals, await runSteps(buildSteps));
  if (!isPartial) add(totals, await runSteps([...lintSteps, ...checkSteps], { atOnce: 2 }));
  add(totals, await runSuites());
  if (!isPartial) add(totals, await runSteps(reportSteps));
  // Once more, where a log that was cut still shows them.
  if (existsSync(report)) printFailures(failuresIn(JSON.parse(readFileSync(report, 'utf8')), root));

  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
  return totals.failed === 0 ? 0 : 1;
});

/** All suites, or those that the arguments choose, with their servers. */
async function runSuites() {
  const { servicesNeeded, startServices, environmentVariable } = await testServices();
  const names = withServices ? servicesNeeded : [];
  let services;
  try {
    services = await startServices(Object.fromEntries(names.map((name) => [name, true])));
  } catch (error) {
    process.stdout.write(`✗ services\n${String(error.stack ?? error)}\n`);
    return { passed: 0, failed: 1 };
  }
  const stopEarly = (signal) => void services.stop().finally(() => process.kill(process.pid, signal));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stopEarly);
  try {
    const env = {};
    for (const name of names) {
      if (!services[name]) continue;
      Object.assign(env, { [environmentVariable[name]]: services[name].url }, services[name].variables);
    }
    return await runVitest(env);
  } finally {
    await services.stop();
  }
}

async function runVitest(env) {
  mkdirSync(join(root, '.vitest'), { recursive: true });
  rmSync(report, { force: true });
  const config = join(tooling, 'vitest.config.ts');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await run(['vitest', 'run', '--config', config, ...reporters, ...vitestArgs], {
    env,
    inherit: true,
  });
  if (!existsSync(report)) {
    process.stdout.write('✗ vitest ended without a report\n');
    return { passed: 0, failed: 1 };
  }
  const totals = readTotals(JSON.parse(readFileSync(report, 'utf8')));
  if (code !== 0 && totals.failed === 0) {
    process.stdout.write('✗ vitest failed outside of the tests: an unhandled error, see above\n');
    totals.failed = 1;
  }
  return totals;
}

/** The numbers of a vitest report; a file that could not be loaded counts as one failure. Names what lacked a server. */
function readTotals({ testResults }) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const unserved = [];
  for (const { name, status, assertionResults } of testResults) {
    if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) totals.failed += 1;
    for (const test of assertionResults) {
      if (test.status === 'passed' || test.status === 'failed') totals[test.status] += 1;
      else totals.skipped += 1;
      const [, service] = /\[no ([\w-]+)\]/.exec(test.fullName) ?? [];
      if (service) unserved.push(`${relative(root, name)} (${service})`);
    }
  }
  if (unserved.length > 0) {
    process.stdout.write(`\n!!! SKIPPED FOR WANT OF A SERVER: ${[...new Set(unserved)].join(', ')} !!!\n`);
  }
  return totals;
}

/** The test-services library, and which of its servers some suite mentions by variable or through `describeWith`. */
async function testServices() {
  const library = await import('../../test-services/dist/index.js');
  const sources = ['packages', 'apps', 'examples'].flatMap(testSupport).map((file) => readFileSync(file, 'utf8'));
  const servicesNeeded = library.serviceNames.filter((name) =>
    sources.some((text) => text.includes(library.environmentVariable[name]) || text.includes(`describeWith('${name}'`)),
  );
  return { ...library, servicesNeeded };
}

/** Every TypeScript file of a top-level folder except what knows the servers for other reasons. */
function testSupport(top) {
  if (!existsSync(join(root, top))) return [];
  return readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/(^|[\\/])(node_modules|dist)[\\/]|^test-services[\\/]/.test(file))
    .map((file) => join(root, top, file));
}

function add(totals, { passed, failed, skipped = 0 }) {
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
}
