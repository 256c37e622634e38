/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** A test that was run to its end. */
export interface RanTest {
  /** Path as the report has it. */
  readonly file: string;
  /** With the titles of its suites in front of it. */
  readonly title: string;
  readonly passed: boolean;
}

/** The tests of a report that show something: a skipped one shows nothing. */
export function ranTests({ testResults }: TestReport): readonly RanTest[] {
  return testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ ancestorTitles, title, status }) => ({
        file,
        title: [...ancestorTitles, title].join(' '),
        passed: status === 'passed',
      })),
  );
}
