import { describe, expect, test } from 'vitest';
import { CommandContext, type CommandIo, type GlobalOptions } from './command-context.js';
import { createProgram } from './program.js';

/** What a warning on a terminal looks like under these options. */
function warned(args: readonly string[], environment: CommandIo['environment'] = {}): string {
  let text = '';
  const io: CommandIo = {
    out: () => undefined,
    err: (line) => {
      text += line;
    },
    isOutTerminal: true,
    isErrTerminal: true,
    environment,
    origin: 'started',
    detach: () => Promise.resolve(),
    succeed: () => undefined,
  };
  const program = createProgram(io, () => undefined);
  program.parseOptions([...args]);
  const context = new CommandContext(program.opts<GlobalOptions>(), io);
  context.logger('warn').warn('careful');
  return text + context.style.cyan('banner');
}

describe('Colours', () => {
  test('are off with -C, --no-color and NO_COLOR [CL-023]', () => {
    for (const colored of ['\u001b[33mcareful', '\u001b[36mbanner']) expect(warned([])).toContain(colored);
    for (const off of [warned(['-C']), warned(['--no-color']), warned([], { NO_COLOR: '1' })]) {
      expect(off).toMatch(/careful.*banner/s);
      expect(off).not.toContain('\u001b');
    }
  });
});
