import type { DrawnEdge, DrawnNode, Drawing } from './drawing.js';

/** In the language of Graphviz. */
export function dotOf({ name, nodes, edges }: Drawing): string {
  const lines = ['node [shape=oval]', ...nodes.map(nodeOf), ...edges.map(edgeOf)];
  return `digraph ${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

function nodeOf({ id, label }: DrawnNode): string {
  if (label === undefined) return `${quoted(id)} [shape=point]`;
  return label === id ? quoted(id) : `${quoted(id)} [label=${quoted(label)}]`;
}

function edgeOf({ from, to, isDashed }: DrawnEdge): string {
  return `${quoted(from)} -> ${quoted(to)}${isDashed === true ? ' [style=dashed]' : ''}`;
}

/** Ids and names come from messages, and may hold anything. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`).replaceAll('\n', '\\n')}"`;
}
