#!/usr/bin/env node
import { main } from './main.js';
import { detach, wasDetached } from './process/detach.js';
import { Succession } from './succession.js';

// As they are now: a worker redirects what tasks print, not what the command says.
const out = process.stdout.write.bind(process.stdout);
const err = process.stderr.write.bind(process.stderr);
const folder = process.cwd();
const succession = new Succession(folder);
const origin = succession.isHeir ? 'succeeding' : wasDetached() ? 'detached' : 'started';
const ended: number = await main(process.argv.slice(2), {
  out: (text) => void out(text),
  err: (text) => void err(text),
  isOutTerminal: process.stdout.isTTY,
  isErrTerminal: process.stderr.isTTY,
  environment: process.env,
  origin,
  succeed: () => succession.ask(),
  detach: (options) => detach(folder, options),
});
const code = await succession.code(ended);
process.exitCode = code;
// What the app's modules keep open (pools, sockets) must not hold a command that is done; what was written goes out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
