import { loadVectors } from '@ctq/wire-vectors';

type Event = Readonly<Record<string, unknown>>;

function eventsOf(raw: Readonly<Record<string, unknown>>): readonly Event[] {
  const { event, decoded_body: decoded, body } = raw;
  const found = event ?? decoded ?? (typeof body === 'string' ? (JSON.parse(body) as unknown) : []);
  return [found].flat() as Event[];
}

/** The events that workers and clients of Python sent over Redis and RabbitMQ, as they were captured: what those of a type tell, each way once. */
export function capturedFields(type: string): readonly (readonly string[])[] {
  const events = ['events.redis', 'events.amqp'].flatMap((file) =>
    loadVectors(file).flatMap(({ raw }) => eventsOf(raw)),
  );
  const found = events.filter((event) => event['type'] === type).map((event) => Object.keys(event).sort().join());
  return [...new Set(found)].map((fields) => fields.split(','));
}
