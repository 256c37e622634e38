import { describe, expectTypeOf, it } from 'vitest';
import type { FailoverFunction, FailoverStrategy } from './connection/failover.js';
import { createJsonSerializer, type JsonType, type NodeReply } from './index.js';
import type { MessageWriter, OutgoingMessage, Transport } from './transport.js';

describe('a failover strategy', () => {
  it('is one by name, or a function that gives what to try', () => {
    expectTypeOf<FailoverStrategy>().toEqualTypeOf<'round-robin' | 'shuffle' | FailoverFunction<Transport>>();
    const backwards: FailoverStrategy<string> = (urls) => {
      expectTypeOf(urls).toEqualTypeOf<readonly string[]>();
      return urls.toReversed();
    };
    expectTypeOf(backwards).toExtend<FailoverFunction<string>>();
    // @ts-expect-error no such strategy
    void ('round robin' satisfies FailoverStrategy);
    // @ts-expect-error it gives alternates
    void ((() => [1]) satisfies FailoverStrategy<string>);
  });
});

describe('a type of values in JSON', () => {
  class Money {
    readonly cents = 5;
  }

  it('encodes and decodes its own values', () => {
    const money: JsonType<Money> = {
      name: 'money',
      is: (value) => value instanceof Money,
      encode: (value) => {
        expectTypeOf(value).toEqualTypeOf<Money>();
        return value.cents;
      },
      decode: (wire) => {
        expectTypeOf(wire).toEqualTypeOf<unknown>();
        return new Money();
      },
    };
    expectTypeOf(createJsonSerializer).parameter(0).toExtend<object | undefined>();
    void money;
    // @ts-expect-error it decodes to something else
    void ({ is: () => true, encode: () => 1, decode: () => 'text' } satisfies JsonType<Money>);
  });
});

describe('a writer of messages', () => {
  it('is synchronous or asynchronous, as its database is', () => {
    expectTypeOf<MessageWriter<void>['write']>().returns.toEqualTypeOf<void>();
    expectTypeOf<MessageWriter<Promise<void>>['write']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<MessageWriter['write']>().parameter(0).toEqualTypeOf<readonly OutgoingMessage[]>();
    // @ts-expect-error it has nothing to give back
    void (0 as unknown as MessageWriter<number>);
  });
});

describe('a reply to a control message', () => {
  it('holds what nobody has looked at, unless who asked knows it', () => {
    expectTypeOf<NodeReply['value']>().toEqualTypeOf<unknown>();
    expectTypeOf<NodeReply<number>['value']>().toEqualTypeOf<number>();
  });
});
