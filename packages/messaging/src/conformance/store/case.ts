import type { QueueStore } from '../../store/queue-store.js';
import type { CaseDescription } from '@ctq/runtime/conformance';
import type { StoreScene } from '../store-scene.js';

/** What a store offers: its manifest, and its roles by their presence. */
export type StoreSupports = Pick<QueueStore, 'supports' | 'topology' | 'lease'>;
export type StoreCase = CaseDescription<StoreSupports, StoreScene>;
export type StoreRequirement = NonNullable<StoreCase['requires']>;

export const requireDelay: StoreRequirement = { what: 'delay', isMet: ({ supports }) => supports.delay };
export const requirePriority: StoreRequirement = {
  what: 'priority',
  isMet: ({ supports }) => supports.priority !== 'none',
};
export const requireTopology: StoreRequirement = { what: 'topology', isMet: ({ topology }) => topology !== undefined };
export const requireLease: StoreRequirement = { what: 'lease', isMet: ({ lease }) => lease !== undefined };
