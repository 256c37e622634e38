import type { TransportManifest } from '../../transport/manifest.js';
import type { CaseDescription } from '@ctq/runtime/conformance';
import type { TransportScene } from '../transport-scene.js';

export type TransportCase = CaseDescription<TransportManifest, TransportScene>;
export type TransportRequirement = NonNullable<TransportCase['requires']>;

export const requireTopic: TransportRequirement = {
  what: 'topic exchanges',
  isMet: ({ exchangeTypes }) => exchangeTypes.includes('topic'),
};
export const requireFanout: TransportRequirement = {
  what: 'fanout exchanges',
  isMet: ({ exchangeTypes }) => exchangeTypes.includes('fanout'),
};
export const requireMandatory: TransportRequirement = {
  what: 'mandatory',
  isMet: ({ mandatory }) => mandatory !== 'none',
};
export const requireDelay: TransportRequirement = { what: 'delay', isMet: ({ delay }) => delay };
export const requireRequeueControl: TransportRequirement = {
  what: 'requeueControl',
  isMet: ({ requeueControl }) => requeueControl,
};
export const requirePriority: TransportRequirement = { what: 'priority', isMet: ({ priority }) => priority !== 'none' };
export const requireTtl: TransportRequirement = { what: 'messageTtl', isMet: ({ messageTtl }) => messageTtl };
