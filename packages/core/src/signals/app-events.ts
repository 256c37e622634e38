import type { Queue } from '@ctq/messaging';
import type { Settings } from '../config/settings.js';
import type { SignalEvent } from './signal.js';

/** About an app; its sender is the app's name. */
export interface ConfiguredEvent extends SignalEvent {
  readonly settings: Settings;
}

/** The worker that a signal is about, as far as its receivers need it. */
export interface SignalledWorker {
  /** Node name. */
  readonly name: string;
  readonly queues: readonly Queue[];
  stop(): Promise<void>;
}

/** About a worker; its sender is the worker's node name. */
export interface WorkerEvent extends SignalEvent {
  readonly worker: SignalledWorker;
}

/** About a place in which tasks of a worker run: a thread, a process, or the worker's own. Its sender is the worker's node name. */
export interface WorkerProcessEvent extends SignalEvent {
  /** Of the operating system; threads share the worker's. */
  readonly pid: number;
}

export interface WorkerShuttingDownEvent extends WorkerEvent {
  /** `warm` waits for what runs, `cold` gives it back. */
  readonly how: 'warm' | 'cold';
  /** The signal of the operating system that asked for it, where one did. */
  readonly signal: NodeJS.Signals | undefined;
}

/** What a worker has noticed of another one; its sender is the node name of that one. */
export interface NodeEvent extends SignalEvent {
  /** Node name of the worker that has noticed it. */
  readonly seenBy: string;
}
