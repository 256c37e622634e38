import { fileURLToPath } from 'node:url';
import { redisBackend } from '@ctq/backend-redis';
import { sqliteBackend } from '@ctq/backend-sqlite';
import { chain, chord, Ctq, type Interceptor } from '@ctq/core';
import type { ChordRole, ResultBackend } from '@ctq/core/backend';
import { Deadline, type Deferred, deferred, silentLogger } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { Worker } from '@ctq/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Place, rabbitmqPlace, redisPlace, sqlitePlace } from '../place.js';

const soon = { timeout: 60 };
const members = 3;

/** What the last member of a header goes through, each with what is the first and the last instant of it. */
const points = [
  'before its result is stored',
  'after its result is stored',
  'before it is counted',
  'after it is counted',
  'before the body is published',
  'after the body is published',
  'before the chord is forgotten',
  'after the chord is forgotten',
] as const;
type Point = (typeof points)[number];

/** A worker that stands still at a point, and never goes on: what it did by then is done, and nothing else is. */
class Dying {
  readonly reached: Deferred<void> = deferred();
  readonly #gone: Deferred<never> = deferred();
  readonly #point: Point;
  #stored = 0;
  #counted = 0;

  constructor(point: Point) {
    this.#point = point;
    this.#gone.promise.catch(() => undefined);
  }

  /** Lets go of what stands still, when its worker is no more. */
  end(): void {
    this.#gone.reject(new Error('The worker is dead.'));
  }

  async #around<T>(before: Point, after: Point, isMeant: boolean, step: () => Promise<T>): Promise<T> {
    if (isMeant && this.#point === before) await this.#stand();
    const value = await step();
    if (isMeant && this.#point === after) await this.#stand();
    return value;
  }

  async #stand(): Promise<never> {
    this.reached.resolve();
    return await this.#gone.promise;
  }

  get interceptor(): Interceptor {
    return {
      name: 'dying',
      store: (record, next) => {
        const isHeader = record.groupId !== undefined && record.status === 'SUCCESS';
        if (isHeader) this.#stored += 1;
        const isLast = isHeader && this.#stored === members;
        return this.#around('before its result is stored', 'after its result is stored', isLast, () => next(record));
      },
      publish: (call, next) =>
        this.#around('before the body is published', 'after the body is published', call.task === 'total', () =>
          next(call),
        ),
    };
  }

  chords(role: ChordRole): ChordRole {
    return {
      openChord: (groupId, size) => role.openChord(groupId, size),
      growChord: (groupId, taskId) => role.growChord(groupId, taskId),
      shrinkChord: (groupId, taskId) => role.shrinkChord(groupId, taskId),
      parts: (groupId) => role.parts(groupId),
      addPart: (groupId, part) => {
        this.#counted += 1;
        const isLast = this.#counted === members;
        return this.#around('before it is counted', 'after it is counted', isLast, () => role.addPart(groupId, part));
      },
      closeChord: (groupId) =>
        this.#around('before the chord is forgotten', 'after the chord is forgotten', true, () =>
          role.closeChord(groupId),
        ),
    };
  }
}

/** The same backend with other chords. */
function withChords(backend: ResultBackend, change: (role: ChordRole) => ChordRole): ResultBackend {
  const { chords } = backend;
  if (chords === undefined) throw new Error('The backend counts no chords.');
  const changed = change(chords);
  return new Proxy(backend, {
    get: (target, name) => {
      if (name === 'chords') return changed;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function suite(open: () => Promise<Place>, backendOf: (place: Place) => ResultBackend): void {
  test.each(points)(
    'a worker that dies %s: the body runs as one task, and the workflow ends',
    { timeout: 90_000 },
    async (point) => {
      await using place = await open();
      const bodies: string[] = [];
      const make = (dying?: Dying) => {
        const app = new Ctq('crash', {
          broker: place.broker,
          taskDefaultQueue: place.queue ?? 'celery',
          backend: dying === undefined ? backendOf(place) : withChords(backendOf(place), (role) => dying.chords(role)),
          interceptors: dying === undefined ? [] : [dying.interceptor],
          logger: silentLogger,
        });
        const one = app.task('one', (n: number) => n);
        const total = app.task('total', { bind: true }, ({ request }, numbers: readonly number[]) => {
          bodies.push(request.id);
          return numbers.reduce((sum, n) => sum + n, 0);
        });
        const twice = app.task('twice', (n: number) => 2 * n);
        return { app, one, total, twice };
      };

      const dying = new Dying(point);
      const first = make(dying);
      const firstWorker = new Worker(first.app, { concurrency: 1 });
      onTestFinished(async () => {
        dying.end();
        await firstWorker.stop(Deadline.after(5_000));
        await first.app.close();
      });
      const client = make();
      onTestFinished(() => client.app.close());
      await firstWorker.start();
      const header = Array.from({ length: members }, (_, n) => client.one.s(n + 1));
      const result = await chain(chord(header, client.total.s()), client.twice.s()).delay();
      await dying.reached.promise;
      await firstWorker.stop(Deadline.after(0));

      const second = make();
      const secondWorker = new Worker(second.app, { concurrency: 2 });
      onTestFinished(async () => {
        await secondWorker.stop();
        await second.app.close();
      });
      await secondWorker.start();
      expect(await result.get(soon)).toBe(12);
      expect(new Set(bodies)).toEqual(new Set([result.parent?.id]));
      // What was published may be published again; what was not runs once.
      const most = points.indexOf(point) <= points.indexOf('before the body is published') ? 1 : 2;
      expect(bodies.length).toBeLessThanOrEqual(most);
    },
  );
}

describe('In an SQLite file', () => {
  suite(
    () => sqlitePlace('2s'),
    ({ backend }) => sqliteBackend({ path: fileURLToPath(backend.replace('sqlite:', 'file:')) }),
  );
});

describeWith('redis', 'In Redis', (url) => {
  suite(
    () => Promise.resolve(redisPlace(url, '2s')),
    ({ backend }) => redisBackend({ url: backend }),
  );

  // What a dead worker held comes back with the end of its connection, and without a lease.
  describeWith('amqp', 'and in RabbitMQ', (rabbit) => {
    suite(
      () => Promise.resolve(rabbitmqPlace(rabbit, url)),
      ({ backend }) => redisBackend({ url: backend }),
    );
  });
});
