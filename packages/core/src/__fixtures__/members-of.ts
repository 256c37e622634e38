/** What an object offers, apart from it: to make one of it that lacks or alters some members. */
export function membersOf<T extends object>(object: T): T {
  const prototype = Object.getPrototypeOf(object) as object;
  const names = new Set([...Object.keys(object), ...Object.getOwnPropertyNames(prototype)]);
  names.delete('constructor');
  const members = [...names].map((name) => {
    const member: unknown = Reflect.get(object, name);
    return [name, typeof member === 'function' ? member.bind(object) : member] as const;
  });
  return Object.fromEntries(members) as T;
}
