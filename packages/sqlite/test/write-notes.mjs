// Writes each note that it is sent, one transaction each, and answers when it is committed: `fork(thisFile, [path])`.
import { openDatabase } from '../dist/index.js';

const schema = { name: 'notes', version: 1, sql: 'CREATE TABLE note (text TEXT)' };
const database = await openDatabase({ path: process.argv[2], schema });
process.on('message', (text) => {
  void database
    .transaction(() => database.statement('INSERT INTO note VALUES (?)').run([text]))
    .then(() => process.send({ written: text }));
});
process.send('ready');
