import type { Channel, Transport } from '@ctq/messaging/transport';

/** A transport whose channels do some things differently. */
export function withChannels(inner: Transport, differences: (channel: Channel) => Partial<Channel>): Transport {
  return {
    ...{ spec: 1, name: inner.name, supports: inner.supports, url: inner.url },
    async connect(context, signal) {
      const connection = await inner.connect(context, signal);
      const openChannel = async (): Promise<Channel> => {
        const channel = await connection.openChannel();
        const different: Partial<Channel> = differences(channel);
        return new Proxy(channel, {
          get(target, name) {
            if (Object.hasOwn(different, name)) return Reflect.get(different, name) as unknown;
            const member: unknown = Reflect.get(target, name);
            return typeof member === 'function' ? (member.bind(target) as unknown) : member;
          },
        });
      };
      return { openChannel, close: () => connection.close(), closed: connection.closed };
    },
  };
}

/** Queues of these names cannot be consumed from. @param refusal asked each time; undefined lets it pass */
export function refusing(inner: Transport, queues: RegExp, refusal: () => Error | undefined): Transport {
  return withChannels(inner, (channel) => ({
    consume(queue, ...given) {
      const error = queues.test(queue) ? refusal() : undefined;
      return error === undefined ? channel.consume(queue, ...given) : Promise.reject(error);
    },
  }));
}
