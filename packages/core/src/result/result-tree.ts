import { dotOf } from '../drawing/dot.js';
import type { Drawing } from '../drawing/drawing.js';
import { mermaidOf } from '../drawing/mermaid.js';
import { IncompleteStreamError } from '../errors/result-errors.js';
import type { AnyResult, ResultGraph, TreeOptions, WaitForOptions } from './result-handle.js';

type Edge = readonly [parent: AnyResult | undefined, result: AnyResult];

/**
 * A result and everything below it, breadth first (celery 5.6 result.py, iterdeps). What is below a result is known when it is ready; the loop may wait for
 * it before it goes on. A result that was seen is not gone into again.
 */
export async function* walkTree(root: AnyResult, options: TreeOptions): AsyncGenerator<Edge, void, undefined> {
  const found: Edge[] = [[undefined, root]];
  const seen = new Set<string>();
  for (let at = 0; at < found.length; at += 1) {
    const edge = found[at] as Edge;
    yield edge;
    const [, result] = edge;
    if (seen.has(result.id)) continue;
    seen.add(result.id);
    if (await result.ready()) for (const child of (await result.children()) ?? []) found.push([result, child]);
    else if (options.intermediate !== true) throw new IncompleteStreamError(result.id);
  }
}

/** The same, each waited for. */
export async function* collectTree(
  root: AnyResult,
  options: TreeOptions & WaitForOptions,
): AsyncGenerator<readonly [AnyResult, unknown], void, undefined> {
  for await (const [, result] of walkTree(root, options)) yield [result, await result.get(options)];
}

export async function leafOf(root: AnyResult, options: TreeOptions & WaitForOptions): Promise<unknown> {
  let leaf: unknown = null;
  for await (const [, value] of collectTree(root, options)) leaf = value;
  return leaf;
}

export async function graphOf(root: AnyResult, options: TreeOptions): Promise<ResultGraph> {
  const nodes = new Set<string>();
  const edges: (readonly [string, string])[] = [];
  for await (const [parent, { id }] of walkTree(root, options)) {
    nodes.add(id);
    if (parent !== undefined) edges.push([parent.id, id]);
  }
  return resultGraph([...nodes], edges);
}

function resultGraph(nodes: readonly string[], edges: ResultGraph['edges']): ResultGraph {
  const drawing: Drawing = {
    name: 'results',
    nodes: nodes.map((id) => ({ id, label: id })),
    edges: edges.map(([from, to]) => ({ from, to })),
  };
  return { nodes, edges, toDot: () => dotOf(drawing), toMermaid: () => mermaidOf(drawing) };
}
