// What failed, short enough to stand at the end of a long log.
import { relative } from 'node:path';

const mostFailures = 15;
const mostLines = 12;

/**
 * @param {{ testResults: readonly { name: string, status: string, message?: string, assertionResults: readonly { status: string, fullName: string, failureMessages?: readonly string[] }[] }[] }} report
 * @param {string} root files are told relative to it
 * @returns {{ title: string, message: string }[]}
 */
export function failuresIn({ testResults }, root) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    // A file that could not be loaded, or whose hooks failed.
    if (failed.length === 0) return status === 'failed' ? [{ title: file, message: message ?? '' }] : [];
    return failed.map(({ fullName, failureMessages = [] }) => ({
      title: `${file} > ${fullName}`,
      message: failureMessages.join('\n'),
    }));
  });
}

/** @param {readonly { title: string, message: string }[]} failures */
export function printFailures(failures) {
  for (const { title, message } of failures.slice(0, mostFailures)) {
    const lines = message.trimEnd().split('\n');
    const told = lines.length > mostLines ? [...lines.slice(0, mostLines), '…'] : lines;
    process.stdout.write(`\n✗ ${title}\n${told.map((line) => `    ${line}\n`).join('')}`);
  }
  if (failures.length > mostFailures) process.stdout.write(`\n… and ${failures.length - mostFailures} more\n`);
}
