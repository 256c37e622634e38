import type { AppOptions } from '@ctq/core';
import { memoryStore } from '@ctq/core/backend';
import { WorkerScene } from './worker-scene.js';

/** A scene that notes what its store is asked. Opening it looks at the roles that it has, and is not meant. */
export class ObservedScene extends WorkerScene {
  readonly asked: string[];

  constructor(options: AppOptions = {}) {
    const asked: string[] = [];
    const sound = memoryStore();
    const store = new Proxy(sound, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]): unknown => {
          if (name !== 'open' && name !== 'close') asked.push(String(name));
          return (member as (...args: unknown[]) => unknown).apply(target, given);
        };
      },
    });
    super({ store, ...options });
    this.asked = asked;
  }
}
