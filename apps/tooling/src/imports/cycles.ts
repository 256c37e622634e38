/** A directed graph: for each node the nodes it points to. */
export type Graph = ReadonlyMap<string, Iterable<string>>;

/** For each group of nodes that reach one another: its shortest cycle, starting at the alphabetically first node on it. */
export function findCycles(graph: Graph): string[][] {
  return stronglyConnected(graph)
    .map((group) => shortestCycle(graph, group))
    .filter((cycle) => cycle !== undefined);
}

/** Tarjan's strongly connected components, without recursion: a package may be deeper than the call stack likes. */
function stronglyConnected(graph: Graph): Set<string>[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open = new Set<string>();
  const discovered: string[] = [];
  const groups: Set<string>[] = [];

  for (const root of graph.keys()) {
    if (index.has(root)) continue;
    const path: { node: string; targets: Iterator<string> }[] = [];
    const enter = (node: string): void => {
      index.set(node, index.size);
      low.set(node, index.size - 1);
      open.add(node);
      discovered.push(node);
      path.push({ node, targets: (graph.get(node) ?? [])[Symbol.iterator]() });
    };
    const lower = (node: string, value: number): void => void low.set(node, Math.min(low.get(node) ?? value, value));

    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node, targets } = top;
      const next = targets.next();
      if (!next.done) {
        const target = next.value;
        if (!index.has(target)) enter(target);
        else if (open.has(target)) lower(node, index.get(target) ?? 0);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node) ?? 0);
      if (low.get(node) === index.get(node)) groups.push(closeGroup(discovered, open, node));
    }
  }
  return groups;
}

/** Takes from the discovered nodes the last ones, down to the first of their group. */
function closeGroup(discovered: string[], open: Set<string>, first: string): Set<string> {
  const group = new Set<string>();
  while (!group.has(first)) {
    const node = discovered.pop() ?? first;
    open.delete(node);
    group.add(node);
  }
  return group;
}

/** Breadth first from every node of a group back to itself. */
function shortestCycle(graph: Graph, group: ReadonlySet<string>): string[] | undefined {
  let shortest: string[] | undefined;
  for (const start of [...group].sort()) {
    const paths: string[][] = [[start]];
    const seen = new Set<string>();
    for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
      if (shortest !== undefined && path.length >= shortest.length) break;
      for (const target of graph.get(path.at(-1) ?? '') ?? []) {
        if (target === start && (shortest === undefined || path.length < shortest.length)) shortest = path;
        if (!group.has(target) || seen.has(target)) continue;
        seen.add(target);
        paths.push([...path, target]);
      }
    }
  }
  return shortest;
}
