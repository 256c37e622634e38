/** Keys and indexes that lead from a value to a part of it. */
export type ValuePath = readonly (string | number)[];

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * A path as a person would write it: `args[0].items`. The three members of a Celery task body go by their names (celery
 * 5.6 app/amqp.py, as_task_v2: `(args, kwargs, embed)`).
 *
 * @internal
 */
export function describePath(root: unknown, path: ValuePath): string {
  if (path.length === 0) return 'the value itself';
  const [start, rest] = isTaskBody(root)
    ? [['args', 'kwargs', 'embed'][Number(path[0])] ?? '', path.slice(1)]
    : ['', path];
  return rest.reduce<string>((text, key) => text + describeKey(key, text === ''), start);
}

function describeKey(key: string | number, isFirst: boolean): string {
  if (typeof key === 'number') return `[${key}]`;
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  if (!identifier.test(shown)) return `[${JSON.stringify(shown)}]`;
  return isFirst ? shown : `.${shown}`;
}

function isTaskBody(root: unknown): boolean {
  if (!Array.isArray(root) || root.length !== 3 || !Array.isArray(root[0])) return false;
  return [root[1], root[2]].every((part) => typeof part === 'object' && part !== null && !Array.isArray(part));
}
