import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A command as a Redis server saw it. */
export interface MonitoredCommand {
  readonly db: number;
  /** Address of the client, or `lua` for what a script did. */
  readonly client: string;
  /** In capitals. */
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * Every command that reaches a Redis server while `act` runs, by whomever: keep to a database of one's own to tell them apart. (The client
 * library's own MONITOR breaks when the server is busy: what follows the first reply at once is taken for a reply.)
 */
export async function recordCommands(url: string, act: () => Promise<void>): Promise<readonly MonitoredCommand[]> {
  const monitor = await open(url);
  const seen: MonitoredCommand[] = [];
  const marker = crypto.randomUUID();
  let rest = '';
  const isOver = new Promise<void>((resolve) => {
    monitor.on('data', (data: Buffer) => {
      const lines = (rest + data.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const command = readLine(line);
        if (command?.args.includes(marker)) resolve();
        else if (command !== undefined) seen.push(command);
      }
    });
  });
  await say(monitor, 'MONITOR');
  const bystander = await open(url);
  try {
    await act();
    await say(bystander, `ECHO ${marker}`);
    await isOver;
    return seen;
  } finally {
    monitor.destroy();
    bystander.destroy();
  }
}

async function open(url: string): Promise<Socket> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(port === '' ? 6379 : Number(port), hostname);
  await once(socket, 'connect');
  const user = username === '' ? '' : `${decodeURIComponent(username)} `;
  if (password !== '') await say(socket, `AUTH ${user}${decodeURIComponent(password)}`);
  return socket;
}

/** Resolves with the first of the reply. */
async function say(socket: Socket, line: string): Promise<void> {
  const replied = once(socket, 'data');
  socket.write(`${line}\r\n`);
  const [reply] = (await replied) as [Buffer];
  if (reply.toString().startsWith('-')) throw new Error(`Redis refused ${line.split(' ')[0]}: ${reply.toString()}`);
}

/** `+1700000000.000000 [0 127.0.0.1:5000] "GET" "key"`; undefined for what is none. */
function readLine(line: string): MonitoredCommand | undefined {
  const [, db, client, rest = ''] = /^\+[\d.]+ \[(\d+) (\S+)\] (.*)$/.exec(line) ?? [];
  if (db === undefined || client === undefined) return undefined;
  const [name = '', ...args] = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => unescaped(text));
  return { db: Number(db), client, name: name.toUpperCase(), args };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** What `sdscatrepr` of the server wrote. */
function unescaped(text: string): string {
  const bytes = text.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
