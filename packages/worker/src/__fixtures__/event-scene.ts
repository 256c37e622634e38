import type { SettingsInput } from '@ctq/core';
import type { Transport } from '@ctq/messaging/transport';
import type { Worker } from '../worker.js';
import type { WorkerOptions } from '../worker-options.js';
import { type HeardEvent, Monitor } from './monitor.js';
import { WorkerScene } from './worker-scene.js';

/** A worker that sends events of its tasks, and who hears them. */
export class EventScene implements AsyncDisposable {
  readonly scene: WorkerScene;
  readonly monitor: Monitor;

  private constructor(scene: WorkerScene, monitor: Monitor) {
    this.scene = scene;
    this.monitor = monitor;
  }

  static async of(settings: SettingsInput & { readonly broker?: Transport } = {}): Promise<EventScene> {
    const scene = new WorkerScene({ workerSendTaskEvents: true, ...settings });
    return new EventScene(scene, await Monitor.of(scene.app));
  }

  start(options: WorkerOptions = {}): Promise<Worker> {
    return this.scene.start(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
    await this.monitor[Symbol.asyncDispose]();
  }
}

/** Of one task, in their order. */
export function typesOf(monitor: Monitor, id: string): readonly string[] {
  return monitor.events.filter((event) => event['uuid'] === id).map(({ type }) => type);
}

export function keysOf(event: HeardEvent): readonly string[] {
  return Object.keys(event).sort();
}
