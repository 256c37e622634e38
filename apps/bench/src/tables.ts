import { type Figure, verdict } from './measure.js';

/** Figures that belong into tables, as Markdown that people can read; below each table what is to be said of its expected figures. */
export function tables(figures: readonly Figure[], valueOf: (figure: Figure) => string): string {
  const titles = new Set(figures.flatMap(({ cell }) => (cell === undefined ? [] : [cell.table])));
  return [...titles].map((title) => table(title, figures, valueOf)).join('');
}

function table(title: string, all: readonly Figure[], valueOf: (figure: Figure) => string): string {
  const figures = all.filter(({ cell }) => cell?.table === title);
  const columns = new Map(figures.map(({ cell, unit }) => [cell?.column ?? '', unit]));
  const rows = new Map<string, { readonly labels: readonly string[]; readonly figures: Figure[] }>();
  for (const figure of figures) {
    const labels = figure.cell?.row ?? [];
    const row = rows.get(labels.join('\n')) ?? { labels, figures: [] };
    row.figures.push(figure);
    rows.set(labels.join('\n'), row);
  }
  const [{ labels } = { labels: [] }] = rows.values();
  const head = [
    ...labels.map(() => ''),
    ...[...columns].map(([name, unit]) => (unit === '' ? name : `${name}, ${unit}`)),
  ];
  const body = [...rows.values()].map((row) => [...row.labels, ...cellsOf(row.figures, valueOf)]);
  const widths = head.map((_, at) => Math.max(3, ...[head, ...body].map((cells) => cells[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, at) => (at < labels.length ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join(' | ')} |\n`;
  const ruler = widths.map((width, at) => (at < labels.length ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const remarks = figures.flatMap((figure) =>
    figure.absent !== undefined || figure.expected === undefined ? [] : [`${figure.name}: ${verdict(figure)}\n`],
  );
  return `\n${title}\n\n${[head, ruler, ...body].map(line).join('')}${remarks.length > 0 ? `\n${remarks.join('')}` : ''}`;
}

/** Where nothing was measured the reason stands in the first of its cells. */
function cellsOf(figures: readonly Figure[], valueOf: (figure: Figure) => string): readonly string[] {
  return figures.map((figure, at) => (figure.absent === undefined ? valueOf(figure) : at === 0 ? figure.absent : ''));
}
