/** A stored result with what differs from run to run taken out. */
export interface ShownDocument {
  readonly status: unknown;
  readonly result: unknown;
  readonly members: readonly string[];
  readonly children: number | null;
}

/** What ctq's documents have in addition, and Python reads past. */
export const additions: readonly { readonly member: string; readonly why: string }[] = [
  {
    member: 'exc_ctq',
    why: "What JavaScript's own errors are there: class, cause, properties. Beside what Celery reads of an error.",
  },
];

/** Reads what Python and ctq write, whose JSON may hold `NaN` and integers of any size. */
export function shownDocument(text: string): ShownDocument {
  const readable = text.replaceAll(/(?<=[:,[] ?)(NaN|Infinity|-?\d{16,})(?=[,\]}])/g, '"$1"');
  const document = JSON.parse(readable) as Readonly<Record<string, unknown>>;
  const { status, result, children } = document;
  return {
    status,
    result: withoutAdditions(withoutIds(result)),
    members: Object.keys(document),
    children: Array.isArray(children) ? children.length : null,
  };
}

function withoutAdditions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const added = new Set(additions.map(({ member }) => member));
  return Object.fromEntries(Object.entries(value).filter(([name]) => !added.has(name)));
}

function withoutIds(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/"pid":\d+/, '"pid":"<number>"');
  return JSON.parse(text);
}

/** Members of documents that are not as Python writes them: by the capture, which of its documents, and the member. */
export interface DocumentDifference {
  readonly capture: string;
  readonly document: number;
  readonly member: keyof ShownDocument;
  readonly why: string;
}

const childless = 'What a task sends is not recorded as its children yet.';

export const documentDifferences: readonly DocumentDifference[] = [
  { capture: 'retry_then_success', document: 0, member: 'children', why: childless },
  { capture: 'retry_exhausted', document: 0, member: 'children', why: childless },
  { capture: 'retry_exhausted', document: 1, member: 'children', why: childless },
  {
    ...{ capture: 'link_error_old', document: 1, member: 'members' },
    why: 'An errback has no `group_id`: errbacks are sent one by one, not as a group.',
  },
];

/** What follows a task is sent before its result is stored, and may be over sooner: tasks that nobody sent come first. */
export function inOrder(documents: readonly ShownDocument[]): ShownDocument[] {
  const isFollower = ({ members }: ShownDocument): boolean => members.includes('parent_id');
  return [...documents.filter((one) => !isFollower(one)), ...documents.filter(isFollower)];
}
