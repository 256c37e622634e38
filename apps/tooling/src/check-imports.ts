/**
 * Prints every import that runs against the layers, every import cycle and every ambient effect below packages/,
 * one `file:line` a line, and fails if there is one. Part of `npm run check`.
 */
import { fileURLToPath } from 'node:url';
import { checkAmbientEffects } from './imports/ambient-effects.js';
import { checkCycles } from './imports/import-cycles.js';
import { checkDirections } from './imports/import-directions.js';
import { readSources } from './imports/source-file.js';

const sources = readSources(fileURLToPath(new URL('../../..', import.meta.url)));
const findings = [...checkDirections(sources), ...checkCycles(sources), ...checkAmbientEffects(sources)];
for (const { path, line, message } of findings) console.log(`${path}:${line}  ${message}`);
console.log(`${sources.length} files read, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
