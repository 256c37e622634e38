import { encodeEnvelope, type Message, type Route } from '@ctq/messaging';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, it } from 'vitest';
import { envelopeMessage } from '../__fixtures__/captured-messages.js';
import { Ctq } from '../app/ctq.js';
import { decodeTask } from '../protocol/decode-task.js';
import { completeTask } from './complete-task.js';
import type { Outcome } from './outcome.js';

/** What a Python worker published after the task of the first messages had ended so. */
const endings: Readonly<Record<string, Outcome>> = {
  errback_old: { kind: 'failure', error: new RangeError('boom'), reason: 'thrown', runtimeMs: 1 },
  errback_unknown_task: { kind: 'failure', error: new RangeError('boom'), reason: 'thrown', runtimeMs: 1 },
  callback_options: { kind: 'success', value: 2, runtimeMs: 1 },
};

const elsewhere: Readonly<Record<string, string>> = {
  retry: 'resend.test.ts',
  retry_countdown: 'resend.test.ts',
  retry_full: 'resend.test.ts',
  retry_in_group: 'resend.test.ts',
  retry_in_chord: 'resend.test.ts',
  retry_in_chain: 'resend.test.ts',
  chord_body_options: 'chords that Python sends are joined on Redis: options.test.ts of @ctq/interop',
  spawn: 'calls made in tasks: children.test.ts of @ctq/worker',
  replace: 'tasks are not replaced yet',
  replace_in_chain: 'tasks are not replaced yet',
};

const vectors = loadVectors('worker_published.redis');

describe('what a worker publishes', () => {
  it('is compared, every capture of it, or there is a reason why not', () => {
    const names = [...Object.keys(endings), ...Object.keys(elsewhere)];
    expect(vectors.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  it.each(vectors.filter(({ name }) => name in endings))(
    'is the captured message: $name [TR-085, BK-023]',
    async ({ name, raw }) => {
      const outcome = endings[name];
      if (outcome === undefined) throw new Error(`There is no ending of ${name}.`);
      const [first = '', ...captured] = (raw['messages'] as { payload: string }[]).map(({ payload }) => payload);
      const sent: { message: Message; route: Route }[] = [];
      await using app = new Ctq('wire', {
        broker: 'memory://',
        backend: 'memory://',
        interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
      });
      const message = decodeTask(envelopeMessage(first), app.kernel.content);
      const where = { definition: undefined, deliveryInfo: undefined, hostname: 'wirehost' };
      await completeTask(app.kernel, { message, outcome, ...where });
      const published = sent.map(({ message, route }) => comparable(encodeEnvelope(message, route, 'tag'), name));
      expect(published).toEqual(captured.map((payload) => comparable(payload, name)));
    },
  );
});

interface Envelope {
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Celery makes a group of one errback. */
const groupsOfOne = new Set(['errback_unknown_task']);

/** Without what is another one each time. */
function comparable(payload: string, name: string): unknown {
  const { body, headers, properties } = JSON.parse(payload) as Envelope;
  const { lang: _, origin: __, id: ___, group: given, group_index: index, eta, ...same } = headers;
  const { priority, delivery_info } = properties;
  const group = groupsOfOne.has(name) ? undefined : [typeof given, index];
  return {
    body: JSON.parse(Buffer.from(body, 'base64').toString()) as unknown,
    headers: { ...same, group, hasEta: eta !== null },
    priority,
    delivery_info,
  };
}
