import { loadVectors } from '@ctq/wire-vectors';

type Members = Readonly<Record<string, unknown>>;

const vectors = ['control.redis', 'control.amqp', 'release/control.amqp'].flatMap((file) =>
  loadVectors(file).map((one) => ({ ...one, file })),
);

/** What a worker of Python has answered, in each of the captures that have it. */
export function capturedReplies(name: string): readonly unknown[] {
  const found = vectors.filter((one) => one.name === name && !Array.isArray(one.raw)).map(({ raw }) => replyOf(raw));
  if (found.length === 0) throw new TypeError(`There is no capture ${name}.`);
  return found;
}

/** The one of the capture on Redis, which has them all. */
export function capturedReply(name: string): unknown {
  return capturedReplies(name)[0];
}

/** What is in a value, and not which: the keys, the types, of lists the first one. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}

export function keysOf(value: unknown): readonly string[] {
  return Object.keys(value as Members).toSorted();
}

/** Of the first node that has answered; Python's client gives a list or a mapping. */
function replyOf({ reply, python_returned: returned }: Members): unknown {
  const [first] = (reply ?? []) as readonly { readonly decoded_body: Members }[];
  const byNode = first?.decoded_body ?? (Array.isArray(returned) ? (returned[0] as Members) : (returned as Members));
  return Object.values(byNode ?? {})[0];
}
