/** One behaviour of Celery, as the parity checklists name it. */
export interface ParityRow {
  readonly id: string;
  readonly item: string;
}

export interface ParitySection {
  readonly title: string;
  readonly rows: readonly ParityRow[];
}

/** One checklist: its heading and, below each second-level heading that has a table, the rows. */
export interface ParityChecklist {
  readonly title: string;
  readonly sections: readonly ParitySection[];
}

/** What an id looks like wherever one is written: two letters and three digits. */
export const PARITY_ID: RegExp = /\b[A-Z]{2}-\d{3}\b/;

/** Reads a checklist. The tables differ in their columns: the id stands in the first, its item in the second. */
export function parseChecklist(markdown: string): ParityChecklist {
  let title = '';
  const sections: { title: string; rows: ParityRow[] }[] = [];
  for (const line of markdown.split('\n')) {
    const heading = /^(#{1,2}) (.*)$/.exec(line);
    if (heading?.[1] === '#') title = (heading[2] ?? '').trim();
    else if (heading?.[1] === '##') sections.push({ title: (heading[2] ?? '').trim(), rows: [] });

    const row = parseRow(line);
    if (row === undefined) continue;
    if (sections.length === 0) sections.push({ title: '', rows: [] });
    sections.at(-1)?.rows.push(row);
  }
  return { title: title.replace(/ parity checklist$/, ''), sections: sections.filter(({ rows }) => rows.length > 0) };
}

function parseRow(line: string): ParityRow | undefined {
  const [first = '', second = ''] = tableCells(line);
  const id = PARITY_ID.exec(first)?.[0];
  return id === undefined ? undefined : { id, item: second };
}

/** The trimmed cells of a table's line, `\|` left as it stands; none where the line is not part of a table. */
export function tableCells(line: string): string[] {
  if (!line.startsWith('|')) return [];
  const cells = line.trim().split(/(?<!\\)\|/);
  return cells.slice(1, cells.at(-1) === '' ? -1 : undefined).map((cell) => cell.trim());
}
