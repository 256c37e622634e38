import { isDeepStrictEqual } from 'node:util';
import { type StampedHeaders, stampRevocationsOf } from '@ctq/core';
import { CommandError } from '../command-error.js';
import type { CommandScope } from '../command-scope.js';
import { valueRepr } from '../python-repr.js';
import { signalNumber } from '../signal-number.js';
import { controlCommand, ok, type WorkerCommand } from '../worker-command.js';

export const revokeByStampedHeaders: WorkerCommand = controlCommand({
  name: 'revoke_by_stamped_headers',
  args: { headers: 'any', terminate: 'boolean', signal: 'any' },
  variadic: 'headers',
  required: ['headers'],
  signature: '[key1=value1 [key2=value2 [... [keyN=valueN]]]]',
  help: 'Revoke task by header (or list of headers).',
  async run(scope, { headers: given, terminate = false, signal }) {
    signalNumber(signal);
    const headers = headersOf(given);
    const { revoking, kernel } = scope;
    // Before those that run are ended and leave.
    const ended = terminate ? stampsThatRun(scope, headers) : new Map<string, ReadonlySet<unknown>>();
    await revoking.publish(stampRevocationsOf(headers, kernel.clock.now(), { terminate }));
    if (!terminate) return ok(`headers ${valueRepr(headers)} flagged as revoked, but not terminated`);
    if (ended.size === 0) return ok(`headers ${valueRepr(headers)} were not terminated`);
    return ok(`headers defaultdict(<class 'set'>, ${valueRepr(ended)}) revoked`);
  },
});

/** A mapping, or a list of `key=value` as it is written on a command line. */
function headersOf(given: unknown): StampedHeaders {
  if (Array.isArray(given)) return Object.fromEntries(given.map(pairOf));
  if (typeof given === 'object' && given !== null) return { ...given };
  throw new CommandError('TypeError', 'headers is a mapping, or a list of texts such as tenant=blue');
}

function pairOf(text: unknown): readonly [string, string] {
  const [name = '', value] = typeof text === 'string' ? text.split('=') : [];
  if (value === undefined) throw new CommandError('TypeError', `headers: ${valueRepr(text)} is no key=value`);
  return [name, value];
}

/** Of those that run, the revoked values that they are stamped with, by header. */
function stampsThatRun({ consumer }: CommandScope, headers: StampedHeaders): ReadonlyMap<string, ReadonlySet<unknown>> {
  const found = new Map<string, Set<unknown>>();
  for (const { message } of consumer.requests.active) {
    for (const [header, revoked] of Object.entries(headers)) {
      if (!Object.hasOwn(message.stamps, header)) continue;
      const stamped = listOf(message.stamps[header]);
      const common = listOf(revoked).filter((value) => stamped.some((one) => isDeepStrictEqual(one, value)));
      if (common.length > 0) found.set(header, new Set([...(found.get(header) ?? []), ...common]));
    }
  }
  return found;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}
