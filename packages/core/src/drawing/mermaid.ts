import type { Drawing, DrawnNode } from './drawing.js';

/** As a flowchart of Mermaid. Its ids may hold letters and digits only, and some words are its own: nodes are numbered. */
export function mermaidOf({ nodes, edges }: Drawing): string {
  const keys = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = [
    ...nodes.map((node) => `${keys.get(node.id)}${shapeOf(node)}`),
    ...edges.map(({ from, to, isDashed }) => `${keys.get(from)} ${isDashed === true ? '-.->' : '-->'} ${keys.get(to)}`),
  ];
  return `flowchart TD\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function shapeOf({ label }: DrawnNode): string {
  return label === undefined ? '((" "))' : `["${escaped(label)}"]`;
}

/**
 * Names and ids may hold anything, and Mermaid reads labels as its own text, as HTML and as Markdown: what is no letter or digit and does not stand here is written as
 * the number of its character.
 */
function escaped(label: string): string {
  return label.replaceAll(/[^\p{L}\p{M}\p{N} .,_\-/()×]/gu, (character) =>
    character === '"' ? '#quot;' : `#${character.codePointAt(0)};`,
  );
}
