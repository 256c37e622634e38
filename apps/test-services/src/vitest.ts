import { describe, it } from 'vitest';
import { findProgram } from './find-program.js';
import { environmentVariable, type ServiceName } from './service.js';

export { forkFixture, messageOf } from './fixtures/child.js';
export { temporaryFile, type TemporaryFile, testFile } from './fixtures/temporary-file.js';

/**
 * A suite that needs a server: `describeWith('redis', 'the Redis transport', (url) => { … })`.
 *
 * `npm test` starts the server and hands its URL over. Without one the suite is skipped and named in the summary; where
 * CTQ_REQUIRE_SERVICES=1 it fails.
 */
export function describeWith(service: ServiceName, title: string, suite: (url: string) => void): void {
  const variable = environmentVariable[service];
  const url = process.env[variable];
  if (url !== undefined && url !== '') {
    describe(title, () => {
      suite(url);
    });
  } else if (process.env['CTQ_REQUIRE_SERVICES'] === '1') {
    it(title, () => {
      throw new Error(`There is no ${service} to test against: set ${variable}, or install it`);
    });
  } else {
    // oxlint-disable-next-line vitest/no-disabled-tests -- named in the summary of npm test by this mark
    it.skip(`${title} [no ${service}]`, () => undefined);
  }
}

/**
 * A suite that starts servers of its own, with options that the common one does not have: `describeWithPrograms(['redis-server', 'openssl'], 'TLS', () => { … })`.
 * Where one of the programs is not installed, it is as without a server.
 */
export function describeWithPrograms(programs: readonly string[], title: string, suite: () => void): void {
  const missing = programs.find((program) => findProgram(program) === undefined);
  if (missing === undefined) {
    describe(title, () => {
      suite();
    });
  } else if (process.env['CTQ_REQUIRE_SERVICES'] === '1') {
    it(title, () => {
      throw new Error(`${missing} is not installed`);
    });
  } else {
    // oxlint-disable-next-line vitest/no-disabled-tests -- named in the summary of npm test by this mark
    it.skip(`${title} [no ${missing}]`, () => undefined);
  }
}
