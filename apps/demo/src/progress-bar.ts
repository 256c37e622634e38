/** One line that is drawn over and over on a terminal; elsewhere only what is noted is printed. */
export interface ProgressBar {
  draw(done: number, total: number, note: string): void;
  /** A line of its own, above the bar. */
  note(line: string): void;
  end(): void;
}

const width = 30;

export function progressBar(stream: NodeJS.WriteStream = process.stdout): ProgressBar {
  let last = '';
  const clear = (): void => void (stream.isTTY && stream.write('\r\u001b[2K'));
  return {
    draw(done, total, note) {
      const filled = total === 0 ? width : Math.round((done / total) * width);
      last = `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total} ${note}`;
      if (!stream.isTTY) return;
      clear();
      stream.write(last);
    },
    note(line) {
      clear();
      stream.write(`${line}\n`);
      if (stream.isTTY) stream.write(last);
    },
    end() {
      clear();
      stream.write(`${last}\n`);
    },
  };
}
