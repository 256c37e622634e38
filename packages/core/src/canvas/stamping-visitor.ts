import type { CallOptions } from '../sending/call-options.js';
import type { NodeOptions } from './signature-node.js';

/** Marks by name. A value is anything that the serializer takes. */
export type Stamps = Readonly<Record<string, unknown>>;

/** Options that a visitor gives a signature beside its stamps. */
export type OptionsBesideStamps = Omit<CallOptions, 'stamps' | 'signal'>;

const beside: unique symbol = Symbol.for('ctq.stamps-and-options');

/** What `stampsAndOptions` makes. */
export interface StampsAndOptions {
  readonly [beside]: true;
  readonly stamps: Stamps;
  readonly options: OptionsBesideStamps;
}

/** What a visitor adds: stamps, stamps with options, or nothing. */
export type AddedStamps = Stamps | StampsAndOptions | undefined;

/** A signature as a visitor sees it. */
export interface VisitedSignature {
  readonly kind: 'task' | 'chain' | 'group' | 'chord' | 'chunks';
  /** The task's name; of a workflow the one that it has in Celery: `celery.chain`. */
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Its options, with the stamps that it has; what is linked to it in the form that travels. */
  readonly options: NodeOptions;
  readonly immutable: boolean;
  /** The links of a chain, the members of a group, the members and the body of a chord. */
  readonly parts: readonly VisitedSignature[];
}

/** What is known where a visitor is asked. */
export interface StampingContext {
  /** What the signature is given anyway: by the visitor, for the workflows in which it stands or for what it is linked to. */
  readonly stamps: Stamps;
}

/**
 * Says what each signature of a workflow is stamped with. What is added to a workflow is added to everything in it and to what is linked to it (celery
 * 5.6 canvas.py, StampingVisitor).
 */
export interface StampingVisitor {
  /** A call of a task. */
  onSignature(signature: VisitedSignature, context: StampingContext): AddedStamps;
  onGroupStart?(group: VisitedSignature, context: StampingContext): AddedStamps;
  onGroupEnd?(group: VisitedSignature, context: StampingContext): void;
  onChainStart?(chain: VisitedSignature, context: StampingContext): AddedStamps;
  onChainEnd?(chain: VisitedSignature, context: StampingContext): void;
  /** For header and body of a chord. By default what `onGroupStart` says of the header. */
  onChordHeaderStart?(chord: VisitedSignature, context: StampingContext): AddedStamps;
  /** By default `onGroupEnd` of the header. */
  onChordHeaderEnd?(chord: VisitedSignature, context: StampingContext): void;
  /** For the body alone, before it is visited. */
  onChordBody?(chord: VisitedSignature, context: StampingContext): AddedStamps;
  /** For what is linked to a success, before it is visited. */
  onCallback?(callback: VisitedSignature, context: StampingContext): AddedStamps;
  /** For what is linked to a failure, before it is visited. */
  onErrback?(errback: VisitedSignature, context: StampingContext): AddedStamps;
}

export interface StampOptions {
  /** Values under one name are collected in a list, instead of the last one standing. Default false. */
  readonly appendStamps?: boolean;
}

/** For visitors that also set options: `return stampsAndOptions({ tenant: 'blue' }, { priority: 3 })`. */
export function stampsAndOptions(stamps: Stamps, options: OptionsBesideStamps): StampsAndOptions {
  return { [beside]: true, stamps, options };
}

export function hasOptionsBeside(added: NonNullable<AddedStamps>): added is StampsAndOptions {
  return beside in added;
}

export function isVisitor(value: Stamps | StampingVisitor): value is StampingVisitor {
  return typeof value.onSignature === 'function';
}
