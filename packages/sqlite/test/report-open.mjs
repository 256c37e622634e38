// Opens the file and tells how that went: `fork(thisFile, [path], { uid })`.
import { openDatabase } from '../dist/index.js';

const schema = { name: 'notes', version: 1, sql: 'CREATE TABLE note (text TEXT)' };
const report = await openDatabase({ path: process.argv[2], schema }).then(
  () => ({ code: 'opened' }),
  ({ code, recoverable, message }) => ({ code, recoverable, message }),
);
process.send(report, () => process.exit());
