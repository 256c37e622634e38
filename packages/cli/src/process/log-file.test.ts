import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Project } from '../__fixtures__/project.js';
import { LogFile } from './log-file.js';

test('A line that cannot be written to its file is said elsewhere, and the next ones are written when that is possible', () => {
  using project = new Project({ 'log/.keep': '' });
  const folder = join(project.folder, 'log');
  const elsewhere: string[] = [];
  const file = new LogFile(join(folder, 'w1.log'), (text) => elsewhere.push(text));
  file.write('one\n');
  rmSync(folder, { recursive: true });
  file.write('two\n');
  mkdirSync(folder);
  file.write('three\n');
  file.close();
  file.close();
  expect([elsewhere, readFileSync(join(folder, 'w1.log'), 'utf8')]).toEqual([['two\n'], 'three\n']);
});
