import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const most = 20;
const longest = 500;

/** What a slot prints on stderr, line by line, and the end of it. */
export class LastLines {
  readonly lines: string[] = [];
  /** Resolves when there is no more. */
  readonly ended: Promise<void>;

  constructor(stream: Readable | null | undefined, onLine: (line: string) => void) {
    // It could not be started.
    if (stream === null || stream === undefined) {
      this.ended = Promise.resolve();
      return;
    }
    const reader = createInterface(stream);
    reader.on('line', (line) => {
      this.add(line);
      onLine(line);
    });
    this.ended = new Promise((resolve) => reader.once('close', resolve));
  }

  add(text: string): void {
    for (const line of text.split('\n')) this.lines.push(line.slice(0, longest));
    this.lines.splice(0, this.lines.length - most);
  }
}
