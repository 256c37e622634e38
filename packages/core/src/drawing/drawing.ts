/** What leads to what, for programs that draw it. */
export interface Drawing {
  /** Of the whole: a word. */
  readonly name: string;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

export interface DrawnNode {
  /** One of a kind in its drawing; may hold anything. */
  readonly id: string;
  /** Undefined for a point where edges meet. */
  readonly label: string | undefined;
}

export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** Of what happens now and then only. */
  readonly isDashed?: boolean;
}

/** What both kinds of graphs can be turned into. */
export interface Drawable {
  /** For Graphviz. */
  toDot(): string;
  /** For Mermaid: a `flowchart TD`, as Markdown shows it where it is fenced as `mermaid`. */
  toMermaid(): string;
}
