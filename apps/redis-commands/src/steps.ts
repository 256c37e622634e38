/** A command with what differs from run to run taken out: ids, times, payloads. */
export type Step = string;

/** Chatter of connections, and how commands are grouped: transactions there, scripts here, whose commands are shown one by one. */
const framing = new Set([
  ...['SELECT', 'HELLO', 'CLIENT', 'INFO', 'PING', 'AUTH', 'COMMAND', 'ECHO', 'TIME'],
  ...['MULTI', 'EXEC', 'WATCH', 'UNWATCH', 'EVALSHA', 'EVAL', 'SCRIPT'],
]);

/** The kinds of payloads, by how they begin. */
const payloads: readonly (readonly [RegExp, string])[] = [
  [/^\{"body": ?"/, '<envelope>'],
  [/^\[ ?\{"body"/, '<entry>'],
  [/^\{"status"/, '<document>'],
  [/^\{"result"/, '<saved group>'],
  [/^\[1, ?"/, '<part>'],
  [/^\{"name"/, '<declaration>'],
];

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Undefined for what is not compared. */
export function stepOf(name: string, args: readonly string[]): Step | undefined {
  const command = name.toUpperCase();
  if (framing.has(command)) return undefined;
  const [key = '', ...others] = args.map(shownArgument);
  if (command === 'RPOP' && others.length === 1) others[0] = '<n>';
  const limit = others.indexOf('LIMIT');
  if (limit !== -1) others[limit + 2] = '<n>';
  return [command, key, ...withoutRepetition(others)].join(' ').trim();
}

/** However many there are of them: `a a` is `a`, `a b a b` is `a b`. */
function withoutRepetition(given: readonly string[]): readonly string[] {
  for (const period of [1, 2]) {
    const first = given.slice(0, period);
    if (given.length > period && given.every((one, index) => one === first[index % period])) return first;
  }
  return given;
}

function shownArgument(argument: string): string {
  const payload = payloads.find(([begin]) => begin.test(argument));
  if (payload !== undefined) return payload[1];
  return argument
    .replaceAll(uuid, '<id>')
    .replaceAll(/<id>\.\d+/g, '<id>')
    .replace(/(?<=^|:)\/\d+\./, '/<db>.')
    .replace(/^\d{10}(?:\.\d+)?$/, '<time>')
    .replace(/^1\d{12}(?:\.\d+)?$/, '<time in ms>')
    .replace(/^[0-9a-f]{32}$/, '<token>')
    .replace(/^w\d@wirehost\./, '<worker>.')
    .replaceAll(/w\d@wirehost/g, '<worker>')
    .replaceAll('\x06\x16', '\\x06\\x16');
}
