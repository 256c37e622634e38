/** A workflow as data, from which both sides build it in their own words: `signatureOf`, and `build` of `workflows.py`. */
export type WorkflowNode =
  | TaskNode
  | readonly ['chain' | 'group', members: readonly WorkflowNode[], options?: WorkflowOptions]
  | readonly ['chord', members: readonly WorkflowNode[], body: WorkflowNode, options?: WorkflowOptions]
  | ItemsNode;

export type TaskNode = readonly [
  'task',
  name: string,
  args: readonly unknown[],
  options: WorkflowOptions,
  kwargs?: Readonly<Record<string, unknown>>,
];

/** One task for many items. */
export type ItemsNode = readonly [
  'map' | 'starmap' | 'chunks',
  name: string,
  items: readonly unknown[],
  options: WorkflowOptions,
  // Items in a chunk.
  size?: number,
];

/** By Celery's names, with nodes for `link` and `link_error`; `eta` as ISO 8601, and `expires_at` for an instant so many seconds from now. */
export type WorkflowOptions = Readonly<Record<string, unknown>>;

/** A workflow with what it is called with. */
export interface WorkflowCall {
  readonly node: WorkflowNode;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly stamps?: Readonly<Record<string, unknown>>;
}

export function task(name: string, ...args: readonly unknown[]): TaskNode {
  return ['task', name, args, {}];
}

export function chainOf(...steps: readonly WorkflowNode[]): WorkflowNode {
  return ['chain', steps];
}

export function groupOf(...members: readonly WorkflowNode[]): WorkflowNode {
  return ['group', members];
}

export function chordOf(members: readonly WorkflowNode[], body: WorkflowNode): WorkflowNode {
  return ['chord', members, body];
}

/** The same node with options over its own. */
export function withOptions(node: WorkflowNode, options: WorkflowOptions): WorkflowNode {
  switch (node[0]) {
    case 'task':
      return ['task', node[1], node[2], { ...node[3], ...options }, node[4] ?? {}];
    case 'chain':
    case 'group':
      return [node[0], node[1], { ...node[2], ...options }];
    case 'chord':
      return ['chord', node[1], node[2], { ...node[3], ...options }];
    default: {
      const [kind, name, items, own, ...size] = node;
      return [kind, name, items, { ...own, ...options }, ...size];
    }
  }
}
