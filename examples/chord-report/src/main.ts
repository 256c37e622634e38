import { chain, ChordError, chord } from '@ctq/core';
import { Worker } from '@ctq/worker';
import { app, countWords, fetchText, summarize } from './tasks.js';

const worker = new Worker(app);
await worker.start();

/** One branch per title; each is a chain, and what the last link returns is what the report is given. */
const reportOn = (titles: readonly string[]) =>
  chord(
    titles.map((title) => chain(fetchText.s(title), countWords.s())),
    summarize.s(),
  );

const result = await reportOn(['tea', 'bread', 'soup']).delay();
const report = await result.get({ timeout: '10s' });
console.log(`${report.texts} texts, ${report.words} words, the longest is ${report.longest}`);

// A member that fails ends the chord: its body is not called, and whoever waits for it is told why.
const broken = await reportOn(['tea', 'stew']).delay();
try {
  await broken.get({ timeout: '10s' });
} catch (error) {
  if (!ChordError.isInstance(error)) throw error;
  console.log(`no report: ${error.message.replace(/Dependency \S+/, 'a member')}`);
}

await worker.stop();
await app.close();
