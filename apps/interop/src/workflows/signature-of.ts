import { type AnyResult, chain, chord, type CallOptions, type Ctq, group, type Signature } from '@ctq/core';
import type { ItemsNode, TaskNode, WorkflowNode, WorkflowOptions } from './workflow-node.js';

/** What is made of data has no types of its own. */
export type AnyWorkflow = Signature<readonly unknown[], unknown, AnyResult>;
type Step = Signature<readonly unknown[], unknown>;

/** A workflow as programs of ctq write it. */
export function signatureOf(app: Ctq, node: WorkflowNode): AnyWorkflow {
  switch (node[0]) {
    case 'task':
      return taskOf(app, node);
    case 'chain':
      return withOptionsOf(app, chain(stepsOf(app, node[1])) as AnyWorkflow, node[2]);
    case 'group':
      return withOptionsOf(app, group(stepsOf(app, node[1])) as AnyWorkflow, node[2]);
    case 'chord': {
      const [, members, body, options] = node;
      return withOptionsOf(app, chord(stepsOf(app, members), signatureOf(app, body) as Step) as AnyWorkflow, options);
    }
    default:
      return withOptionsOf(app, overItems(app, node), node[3]);
  }
}

function stepsOf(app: Ctq, nodes: readonly WorkflowNode[]): readonly Step[] {
  return nodes.map((node) => signatureOf(app, node) as Step);
}

function taskOf(app: Ctq, [, name, args, options, kwargs]: TaskNode): AnyWorkflow {
  return withOptionsOf(app, app.signature(name, args, kwargs), options);
}

function overItems(app: Ctq, [kind, name, items, , size = 1]: ItemsNode): AnyWorkflow {
  const mapped = app.remote<(...args: never[]) => unknown>(name);
  if (kind === 'map') return mapped.map(items as never);
  const lists = items as never;
  return (kind === 'starmap' ? mapped.starmap(lists) : mapped.chunks(lists, size)) as AnyWorkflow;
}

function withOptionsOf(app: Ctq, whole: AnyWorkflow, options: WorkflowOptions = {}): AnyWorkflow {
  const { link, link_error: linkError, immutable, task_id: taskId, expires_at: expiresIn, ...others } = options;
  const plain = {
    ...others,
    ...(taskId === undefined ? {} : { taskId }),
    ...(expiresIn === undefined ? {} : { expires: new Date(Date.now() + Number(expiresIn) * 1_000) }),
  } as CallOptions;
  let made = Object.keys(plain).length === 0 ? whole : whole.set(plain);
  if (link !== undefined) made = made.link(signatureOf(app, link as WorkflowNode));
  if (linkError !== undefined) made = made.linkError(signatureOf(app, linkError as WorkflowNode));
  return immutable === true ? made.asImmutable() : made;
}
