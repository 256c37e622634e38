import { dotOf } from '../drawing/dot.js';
import type { Drawable, DrawnEdge, DrawnNode } from '../drawing/drawing.js';
import { mermaidOf } from '../drawing/mermaid.js';
import { groupOfChunks } from './chunks.js';
import { routeNameOf } from './mapped.js';
import { parseNode } from './serialize.js';
import type { SerializedSignature } from './serialized-signature.js';
import type { ChainNode, ChordNode, GroupNode, SignatureNode, TaskNode } from './signature-node.js';

/** The steps of a workflow and what they lead to, before it has ids. */
export interface SignatureGraph extends Drawable {
  /** In the order in which they are written. */
  readonly nodes: readonly SignatureGraphNode[];
  readonly edges: readonly SignatureGraphEdge[];
}

/** A call of a task, or a point where many that are followed by many meet. */
export type SignatureGraphNode =
  | { readonly key: string; readonly kind: 'task'; readonly task: string }
  | { readonly key: string; readonly kind: 'join' };

export interface SignatureGraphEdge {
  /** Keys of nodes. */
  readonly from: string;
  readonly to: string;
  /** `failure` leads to an errback. */
  readonly on: 'success' | 'failure';
}

export function signatureGraph(node: SignatureNode): SignatureGraph {
  const { nodes, edges } = Sketch.of(node);
  const drawing = { name: 'workflow', nodes: nodes.map(drawnNode), edges: edges.map(drawnEdge) };
  return {
    nodes: nodes.map(({ key, task }) => (task === undefined ? { key, kind: 'join' } : { key, kind: 'task', task })),
    edges,
    toDot: () => dotOf(drawing),
    toMermaid: () => mermaidOf(drawing),
  };
}

interface Step {
  readonly key: string;
  /** Undefined for a join. */
  readonly task: string | undefined;
  /** For how many items it is run, where that is said. */
  readonly items: number | undefined;
}

function drawnNode({ key, task, items }: Step): DrawnNode {
  return { id: key, label: items === undefined ? task : `${task} × ${items}` };
}

function drawnEdge({ from, to, on }: SignatureGraphEdge): DrawnEdge {
  return { from, to, isDashed: on === 'failure' };
}

/** What stands for a part of a workflow in the whole: keys of its steps. */
interface Part {
  readonly first: readonly string[];
  /** What comes after it comes after these. */
  readonly last: readonly string[];
  /** Its errbacks are theirs. */
  readonly failing: readonly string[];
  /** Its callbacks follow these: what follows a group follows the first of its members only. */
  readonly linked: readonly string[];
}

const nothing: Part = { first: [], last: [], failing: [], linked: [] };

class Sketch {
  readonly nodes: Step[] = [];
  readonly edges: SignatureGraphEdge[] = [];

  static of(node: SignatureNode): Sketch {
    const sketch = new Sketch();
    sketch.#draw(node);
    return sketch;
  }

  #draw(node: SignatureNode): Part {
    const part = this.#parts(node);
    const { link = [], linkError = [] } = node.options;
    this.#drawLinks(part.linked, link, 'success');
    this.#drawLinks(part.failing, linkError, 'failure');
    return part;
  }

  #parts(node: SignatureNode): Part {
    switch (node.kind) {
      case 'task':
        return this.#task(node);
      case 'chain':
        return this.#chain(node);
      case 'group':
        return this.#group(node);
      case 'chord':
        return this.#chord(node);
      case 'chunks':
        // Its own links are drawn by who draws it.
        return this.#group(groupOfChunks(node));
    }
  }

  #task(node: TaskNode): Part {
    const mapped = routeNameOf(node);
    const { it } = node.kwargs;
    const items = mapped !== undefined && Array.isArray(it) ? it.length : undefined;
    const keys = [this.#add(mapped ?? node.task, items)];
    return { first: keys, last: keys, failing: keys, linked: keys };
  }

  #chain({ links }: ChainNode): Part {
    const parts = links.map((link) => this.#draw(link)).filter(({ first }) => first.length > 0);
    for (const [index, part] of parts.entries()) {
      const before = parts[index - 1];
      if (before !== undefined) this.#lead(before.last, part.first, 'success');
    }
    const { last, linked } = parts.at(-1) ?? nothing;
    return { first: parts[0]?.first ?? [], last, linked, failing: parts.flatMap(({ failing }) => failing) };
  }

  #group({ members }: GroupNode): Part {
    const parts = members.map((member) => this.#draw(member));
    return {
      first: parts.flatMap(({ first }) => first),
      last: parts.flatMap(({ last }) => last),
      failing: parts.flatMap(({ failing }) => failing),
      linked: parts[0]?.linked ?? [],
    };
  }

  #chord({ header, body }: ChordNode): Part {
    const before = this.#draw(header);
    const after = this.#draw(body);
    this.#lead(before.last, after.first, 'success');
    return before.first.length === 0 ? after : { ...after, first: before.first };
  }

  #drawLinks(from: readonly string[], links: readonly SerializedSignature[], on: SignatureGraphEdge['on']): void {
    for (const link of links) this.#lead(from, this.#draw(parseNode(link)).first, on);
  }

  /** From each to each; many to many by way of a point, so that there are as many edges as steps. */
  #lead(from: readonly string[], to: readonly string[], on: SignatureGraphEdge['on']): void {
    if (from.length === 0 || to.length === 0) return;
    if (from.length > 1 && to.length > 1) {
      const join = [this.#add(undefined, undefined)];
      this.#lead(from, join, on);
      this.#lead(join, to, on);
      return;
    }
    for (const one of from) for (const next of to) this.edges.push({ from: one, to: next, on });
  }

  #add(task: string | undefined, items: number | undefined): string {
    const key = `n${this.nodes.length}`;
    this.nodes.push({ key, task, items });
    return key;
  }
}
