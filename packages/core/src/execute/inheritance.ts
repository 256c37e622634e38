import type { Kernel } from '../app/kernel.js';
import type { TaskMessage } from '../protocol/task-message.js';
import type { CallOptions } from '../sending/call-options.js';
import type { DeliveryInfo } from '../task/task-context.js';
import type { Inherited } from '../sending/inherited.js';
import { parentTask, type RunningTask } from './current-task.js';

/** The place of a call in the task that makes it (celery 5.6 app/base.py, send_task). */
export interface ParentPlace {
  readonly rootId: string;
  readonly parentId: string;
  readonly inherited: Inherited | undefined;
}

export function parentPlace(kernel: Kernel): ParentPlace | undefined {
  const parent = parentTask(kernel);
  if (parent === undefined) return undefined;
  const { message, deliveryInfo } = parent.execution;
  return {
    rootId: message.rootId ?? message.id,
    parentId: message.id,
    inherited: inheritedFrom(kernel, message, deliveryInfo),
  };
}

/** As the settings `taskInheritParentPriority` and `taskInheritParentHeaders` say; undefined for nothing, which is the default. */
export function inheritedFrom(
  { settings }: Kernel,
  message: TaskMessage,
  deliveryInfo: DeliveryInfo | undefined,
): Inherited | undefined {
  const { taskInheritParentPriority, taskInheritParentHeaders } = settings;
  if (!taskInheritParentPriority && taskInheritParentHeaders === false) return undefined;
  const priority = taskInheritParentPriority ? deliveryInfo?.priority : undefined;
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(taskInheritParentHeaders === false ? {} : headersOf(message, taskInheritParentHeaders)),
  };
}

function headersOf(message: TaskMessage, wanted: true | readonly string[]): Inherited {
  const isWanted = (name: string): boolean => wanted === true || wanted.includes(name);
  const stampedHeaders = (message.stampedHeaders ?? []).filter(isWanted);
  const headers = Object.entries(message.headers).filter(([name]) => isWanted(name));
  return {
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...(stampedHeaders.length === 0 ? {} : { stampedHeaders, stamps: message.stamps }),
  };
}

/** The task that remembers the result of a call among its children (Celery's trail); undefined for none. */
export function adopterOf(
  kernel: Kernel,
  { addToParent }: Pick<CallOptions, 'addToParent'> = {},
): RunningTask | undefined {
  if (addToParent === false) return undefined;
  const parent = parentTask(kernel);
  return parent?.execution.definition.options.trail === false ? undefined : parent;
}
