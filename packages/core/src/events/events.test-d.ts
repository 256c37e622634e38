import { describe, expectTypeOf, test } from 'vitest';
import type { Ctq } from '../app/ctq.js';
import { isKnownEvent } from './event-fields.js';
import type { EventHandler } from './event-handlers.js';
import { EventReceiver } from './event-receiver.js';
import type {
  EventOf,
  KnownEvent,
  KnownEventType,
  ReceivedEvent,
  TaskFailedEvent,
  WorkerHeartbeatEvent,
} from './event-types.js';
import { ClusterState } from './state/cluster-state.js';

declare const app: Ctq;

describe('events', () => {
  test('are known by their type', () => {
    expectTypeOf<EventOf<'task-failed'>>().toEqualTypeOf<TaskFailedEvent>();
    expectTypeOf<EventOf<'worker-heartbeat'>>().toEqualTypeOf<WorkerHeartbeatEvent>();
    expectTypeOf<EventOf<KnownEventType>>().toEqualTypeOf<KnownEvent>();
  });

  test('of a program are narrowed to those that Celery knows', () => {
    const look = (event: ReceivedEvent): void => {
      // @ts-expect-error: whatever a program sends
      expectTypeOf(event.uuid).toBeUnknown();
      if (!isKnownEvent(event)) return;
      if (event.type === 'task-succeeded') expectTypeOf(event.runtime).toEqualTypeOf<number | null | undefined>();
      if (event.type === 'worker-offline') expectTypeOf(event.processed).toEqualTypeOf<number | null | undefined>();
      // @ts-expect-error: Celery has no such type
      if (event.type === 'order-packed') return;
      expectTypeOf(event.timestamp).toBeNumber();
    };
    expectTypeOf<EventHandler<ReceivedEvent>>(look).toBeFunction();
  });

  test('are given to handlers in the type of their type', async () => {
    const receiver = new EventReceiver(app);
    receiver.on('task-revoked', ({ uuid, expired }) => {
      expectTypeOf(uuid).toBeString();
      expectTypeOf(expired).toEqualTypeOf<boolean | null | undefined>();
    });
    receiver.on('order-packed', ({ box }) => expectTypeOf(box).toBeUnknown());
    receiver.on('*', (event) => expectTypeOf(event).toEqualTypeOf<ReceivedEvent>());
    // @ts-expect-error: a task that failed has no runtime
    receiver.on('task-failed', ({ runtime }) => runtime);
    for await (const event of receiver) expectTypeOf(event).toEqualTypeOf<ReceivedEvent>();
  });

  test('are taken in by a state, and what is seen there is given back', async () => {
    const state = new ClusterState();
    expectTypeOf(await state.freezeWhile(({ eventCount }) => eventCount)).toBeNumber();
    expectTypeOf(await state.freezeWhile(async () => 'seen')).toBeString();
  });
});
