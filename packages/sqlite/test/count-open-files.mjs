// Uses and closes the file, then tells which of its files this process has open: `fork(thisFile, [path], { execArgv: ['--expose-gc'] })`.
import { readdirSync, readlinkSync } from 'node:fs';
import { openDatabase } from '../dist/index.js';

const path = process.argv[2];
const schema = { name: 'notes', version: 1, sql: 'CREATE TABLE note (text TEXT)' };

async function useAndClose() {
  const database = await openDatabase({ path, schema });
  await database.transaction(() => database.statement('INSERT INTO note VALUES (?)').run(['a']));
  database.statement('SELECT * FROM note').rows();
  await database.close();
}

function openFiles() {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((link) => link.startsWith(path));
}

await useAndClose();
for (let tries = 0; tries < 20 && openFiles().length > 0; tries += 1) {
  globalThis.gc();
  await new Promise((resolve) => setImmediate(resolve));
}
process.send(openFiles(), () => process.exit());
