// Holds the write lock of the file until it is told to let go: `fork(thisFile, [path])`.
import { openDatabase } from '../dist/index.js';

const schema = { name: 'notes', version: 1, sql: 'CREATE TABLE note (text TEXT)' };
const database = await openDatabase({ path: process.argv[2], schema });
database.statement('BEGIN IMMEDIATE').run();
process.send('held');
process.once('message', () => {
  database.statement('COMMIT').run();
  process.send('released', () => process.disconnect());
});
