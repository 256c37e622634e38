import type { BindingDeclaration } from '../transport/channel.js';
import type { ExchangeType } from '../transport/manifest.js';
import { topicPattern } from './topic-pattern.js';

/** How many routing keys of one exchange are remembered with their queues; event and reply exchanges see a handful. */
const rememberedKeys = 1_000;

/** Where the messages of one exchange go: its bindings at one moment, made ready for matching. Immutable. */
export class ExchangeRoutes {
  readonly type: ExchangeType;
  readonly bindings: readonly BindingDeclaration[];
  readonly #matchers: readonly { readonly queue: string; readonly matches: (routingKey: string) => boolean }[];
  readonly #known = new Map<string, readonly string[]>();

  constructor(type: ExchangeType, bindings: readonly BindingDeclaration[]) {
    this.type = type;
    this.bindings = bindings;
    this.#matchers = bindings.map(({ queue, routingKey }) => ({ queue, matches: matcher(type, routingKey) }));
  }

  /** The queues that get a message with this routing key, each once. */
  queuesFor(routingKey: string): readonly string[] {
    const known = this.#known.get(routingKey);
    if (known !== undefined) return known;
    const found = new Set<string>();
    for (const { queue, matches } of this.#matchers) {
      if (matches(routingKey)) found.add(queue);
    }
    const queues = [...found];
    if (this.#known.size >= rememberedKeys) this.#known.clear();
    this.#known.set(routingKey, queues);
    return queues;
  }
}

function matcher(type: ExchangeType, bindingKey: string): (routingKey: string) => boolean {
  switch (type) {
    case 'fanout':
      return () => true;
    case 'topic': {
      const pattern = topicPattern(bindingKey);
      return (routingKey) => pattern.test(routingKey);
    }
    default:
      return (routingKey) => routingKey === bindingKey;
  }
}
