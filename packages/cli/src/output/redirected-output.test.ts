import { createLogger } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { RedirectedOutput } from './redirected-output.js';

function setup() {
  const lines: string[] = [];
  const raw: unknown[] = [];
  const stream: Pick<NodeJS.WriteStream, 'write'> = {
    write(chunk: unknown) {
      raw.push(chunk);
      return true;
    },
  };
  const logger = createLogger(({ level, message }) => lines.push(`${level}: ${message}`));
  const redirected = new RedirectedOutput([stream], logger, 'warn');
  redirected.install();
  return { lines, raw, stream, redirected };
}

describe('What is printed while it is redirected', () => {
  test('becomes one line of the log for each print, without empty ones [ST-208, WK-119]', () => {
    const { lines, raw, stream } = setup();
    stream.write('one\n');
    stream.write('\n');
    stream.write('two\nlines\n');
    expect(lines).toEqual(['warn: one', 'warn: two\nlines']);
    expect(raw).toEqual([]);
  });

  test('waits for the end of its line, also in the middle of a character', () => {
    const { lines, stream, redirected } = setup();
    const [first, second] = [Buffer.from('né\n').subarray(0, 2), Buffer.from('né\n').subarray(2)];
    stream.write(first);
    expect(lines).toEqual([]);
    stream.write(second);
    stream.write('rest');
    expect(lines).toEqual(['warn: né']);
    redirected.remove();
    expect(lines).toEqual(['warn: né', 'warn: rest']);
  });

  test('calls back, whichever way the callback is given', async () => {
    const { stream } = setup();
    await new Promise<void>((resolve) => void stream.write('a', () => resolve()));
    await new Promise<void>((resolve) => void stream.write('b', 'utf8', () => resolve()));
  });

  test('is written as before when it is over, twice as well', () => {
    const { lines, raw, stream, redirected } = setup();
    redirected.remove();
    redirected.remove();
    stream.write('again\n');
    expect([lines, raw]).toEqual([[], ['again\n']]);
  });
});
