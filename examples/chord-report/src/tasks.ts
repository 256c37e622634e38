import { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';

export interface Count {
  readonly title: string;
  readonly words: number;
}

export interface Report {
  readonly texts: number;
  readonly words: number;
  readonly longest: string;
}

class NoSuchText extends Error {
  override readonly name = 'NoSuchText';
}

/** Client and worker are this one process, so its memory is broker and result store enough. */
export const app = new Ctq('library', { broker: memoryTransport(), backend: memoryBackend() });

export const fetchText = app.task('library.fetch', async (title: string): Promise<{ title: string; text: string }> => {
  const text = shelf[title];
  if (text === undefined) throw new NoSuchText(title);
  return { title, text };
});

export const countWords = app.task('library.count', ({ title, text }: { title: string; text: string }): Count => {
  return { title, words: text.split(/\s+/).length };
});

export const summarize = app.task('library.summarize', (counts: readonly Count[]): Report => {
  const [longest] = counts.toSorted((a, b) => b.words - a.words);
  return {
    texts: counts.length,
    words: counts.reduce((sum, { words }) => sum + words, 0),
    longest: longest?.title ?? 'none',
  };
});

const shelf: Readonly<Record<string, string>> = {
  tea: 'Warm the pot, add the leaves, pour, wait.',
  bread: 'Mix flour, water, salt and yeast; wait; fold; wait again; bake.',
  soup: 'Cut everything. Boil it. Taste.',
};
