#!/usr/bin/env node
import { main } from './main.js';

const code = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isOutTerminal: process.stdout.isTTY,
  isErrTerminal: process.stderr.isTTY,
  environment: process.env,
});
process.exitCode = code;
// What the app's modules keep open (pools, sockets) must not hold a command that is done; what was written goes out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
