// Opens the file and tells how that went: `fork(thisFile, [path, uid?])`. The user is changed when everything is imported: another one may
// have no way to the folder of the repository.
import { openDatabase } from '../dist/index.js';

const [path, uid] = process.argv.slice(2);
if (uid !== undefined) process.setuid(Number(uid));

const schema = { name: 'notes', version: 1, sql: 'CREATE TABLE note (text TEXT)' };
const report = await openDatabase({ path, schema }).then(
  () => ({ code: 'opened' }),
  ({ code, recoverable, message }) => ({ code, recoverable, message }),
);
process.send(report, () => process.exit());
