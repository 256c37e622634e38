import type { BrokerName } from '../brokers.js';
import type { Direction } from '../table/features.js';
import type { TaskNode, WorkflowNode, WorkflowOptions } from './workflow-node.js';

/** Of the worker that executes a task; its queue has the same name. */
export type Language = 'typescript' | 'python';

/** Who executes the tasks of a workflow, by their numbers in the order in which they are written: members before the body, and what is linked after what it is linked to. */
export type Casting = (index: number) => Language;

const typescript: Casting = () => 'typescript';
const python: Casting = () => 'python';
const byTurns: Casting = (index) => (index % 2 === 0 ? 'typescript' : 'python');
const otherwise: Casting = (index) => byTurns(index + 1);

/** Who sends workflows, and all the castings that they are sent with. */
export const workflowDirections = {
  'python → ctq': { sender: 'python', castings: [typescript] },
  'ctq → python': { sender: 'ctq', castings: [python] },
  'python → both': { sender: 'python', castings: [byTurns, otherwise] },
  'ctq → both': { sender: 'ctq', castings: [byTurns, otherwise] },
} as const satisfies Partial<Record<Direction, { sender: string; castings: readonly Casting[] }>>;

export type WorkflowDirection = keyof typeof workflowDirections;

/** What is shown of workflows, in all directions but those in which there is nothing to show. */
export interface WorkflowRow {
  readonly name: string;
  /** Where it can be shown over one broker only. */
  readonly over?: readonly BrokerName[];
  readonly except?: Partial<Record<WorkflowDirection, string>>;
}

export function directionsOf({ except = {} }: WorkflowRow): readonly WorkflowDirection[] {
  return (Object.keys(workflowDirections) as WorkflowDirection[]).filter((direction) => !(direction in except));
}

/** What a title says of the cells that it fills. */
export function tagsOf(row: WorkflowRow): string {
  return directionsOf(row)
    .map((direction) => `{${direction}: ${row.name}}`)
    .join(' ');
}

/** A workflow whose tasks have languages, ids and keys. */
export interface Placed {
  readonly node: WorkflowNode;
  /** Ids of its tasks, by what they are called in the option `as`. */
  readonly ids: ReadonlyMap<string, string>;
  /** Keys of notes, by what the workflow has in their place. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Stands for the key under which a task leaves a note. */
export interface NoteKey {
  readonly noteKey: string;
}

export function noteKey(name: string): NoteKey {
  return { noteKey: name };
}

/** The same workflow for a casting, with ids and keys of its own. */
export function placed(node: WorkflowNode, casting: Casting): Placed {
  const placing = new Placing(casting);
  return { node: placing.node(node), ids: placing.ids, keys: placing.keys };
}

class Placing {
  readonly ids = new Map<string, string>();
  readonly keys = new Map<string, string>();
  readonly #casting: Casting;
  #count = 0;

  constructor(casting: Casting) {
    this.#casting = casting;
  }

  node(node: WorkflowNode): WorkflowNode {
    switch (node[0]) {
      case 'task':
        return this.#task(node);
      case 'chain':
      case 'group':
        return [node[0], node[1].map((member) => this.node(member)), this.#options(node[2] ?? {})];
      case 'chord': {
        const members = node[1].map((member) => this.node(member));
        return ['chord', members, this.node(node[2]), this.#options(node[3] ?? {})];
      }
      default: {
        const [kind, name, items, options, ...size] = node;
        const queue = this.#next(options);
        return [kind, `${queue}.${name}`, items, { ...this.#options(options), queue }, ...size];
      }
    }
  }

  #task([, name, args, options, kwargs = {}]: TaskNode): TaskNode {
    const queue = this.#next(options);
    const own = Object.entries(kwargs).map(([key, value]) => [key, this.#value(value)]);
    return [
      'task',
      `${queue}.${name}`,
      args.map((value) => this.#value(value)),
      { ...this.#options(options), queue },
      Object.fromEntries(own),
    ];
  }

  /** The option `in` says that a task is there in one language only. */
  #next(options: WorkflowOptions): Language {
    const index = this.#count;
    this.#count += 1;
    return (options['in'] as Language | undefined) ?? this.#casting(index);
  }

  #options({ in: _in, as, link, link_error: linkError, ...others }: WorkflowOptions): WorkflowOptions {
    return {
      ...others,
      ...(as === undefined ? {} : { task_id: idIn(this.ids, as as string) }),
      ...(link === undefined ? {} : { link: this.node(link as WorkflowNode) }),
      ...(linkError === undefined ? {} : { link_error: this.node(linkError as WorkflowNode) }),
    };
  }

  /** Of the arguments those that are workflows themselves, or keys. */
  #value(value: unknown): unknown {
    if (isNode(value)) return this.node(value);
    return isNoteKey(value) ? idIn(this.keys, value.noteKey) : value;
  }
}

function idIn(names: Map<string, string>, name: string): string {
  const id = names.get(name) ?? crypto.randomUUID();
  names.set(name, id);
  return id;
}

const kinds: ReadonlySet<unknown> = new Set(['task', 'chain', 'group', 'chord', 'map', 'starmap', 'chunks']);

function isNode(value: unknown): value is WorkflowNode {
  return Array.isArray(value) && kinds.has(value[0]);
}

function isNoteKey(value: unknown): value is NoteKey {
  return typeof value === 'object' && value !== null && 'noteKey' in value;
}
