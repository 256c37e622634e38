/** An error with the part of its stack that is the program's: without the frames of Node, of the loader and of ctq. */
export function ownFrames(error: Error): string {
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  const lines = stack.split('\n');
  const isFrame = (line: string): boolean => /^\s+at /.test(line);
  const isForeign = (line: string): boolean =>
    /\(?node:|[\\/]jiti[\\/]|[\\/]@ctq[\\/]cli[\\/]|[\\/]packages[\\/]cli[\\/]/.test(line);
  return lines.filter((line) => !isFrame(line) || !isForeign(line)).join('\n');
}
