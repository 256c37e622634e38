/** What is known of one file. */
export interface FileAnalysis {
  readonly path: string;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  readonly sha256: string;
  readonly longestLine: number;
  /** How often each word of five letters or more occurs. */
  readonly frequencies: Record<string, number>;
}

/** A file's analysis, and what kind of file it is. */
export interface ClassifiedFile extends FileAnalysis {
  readonly kind: string;
  /** Attempts that the classification took; the flaky step fails at first for some files. */
  readonly attempts: number;
}

/** What all files come to. */
export interface Report {
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  readonly longestLine: number;
  readonly byKind: Record<string, number>;
  /** Most frequent words, most frequent first. */
  readonly topWords: readonly (readonly [word: string, count: number])[];
  /** Hash over the hashes of all files, in the order of their paths. */
  readonly fingerprint: string;
  readonly retriedFiles: number;
}
