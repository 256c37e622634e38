import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultProxy } from './fault-proxy.js';
import { startFaultProxy } from './fault-proxy.js';

/** A client that keeps what it was sent. */
class Client {
  readonly socket: Socket;
  received = '';
  chunks = 0;
  error: NodeJS.ErrnoException | undefined;
  readonly closed: Promise<unknown>;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString();
      this.chunks += 1;
    });
    this.socket.on('error', (error) => (this.error = error));
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
  }

  async send(text: string): Promise<void> {
    await new Promise((resolve) => this.socket.write(text, resolve));
  }

  /** Resolves when it has received this, all in all. */
  async receives(text: string): Promise<void> {
    while (this.received !== text) await once(this.socket, 'data');
  }
}

describe('a fault proxy', () => {
  let server: Server;
  let proxy: FaultProxy;
  /** What arrived at the server. */
  let arrived: string;
  let serverSockets: Socket[];
  let clients: Client[];

  beforeEach(async () => {
    [arrived, serverSockets, clients] = ['', [], []];
    server = createServer((socket) => {
      serverSockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        arrived += chunk.toString();
        socket.write(chunk);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: address.port } });
  });

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await proxy.close();
    await proxy.close();
    for (const socket of serverSockets) socket.destroy();
    server.close();
  });

  async function client(says = 'hello'): Promise<Client> {
    const made = new Client(proxy.port);
    clients.push(made);
    await made.send(says);
    await made.receives(says);
    return made;
  }

  /** Asks, and resolves with whether the answer comes within the time. */
  async function answers(asking: Client, withinMs: number): Promise<boolean> {
    const before = asking.received;
    await asking.send('?');
    const answer = asking.receives(`${before}?`).then(() => true);
    return Promise.race([answer, sleep(withinMs, false)]);
  }

  it('forwards everything both ways, the end of the stream too', async () => {
    const one = await client();
    const large = 'x'.repeat(5_000_000);
    const echoed = one.receives(`hello${large}`);
    await one.send(large);
    await echoed;
    one.socket.end();
    await one.closed;
    expect(one.error).toBeUndefined();
    expect(proxy.stats).toMatchObject({ connections: 1, bytes: { 'to-server': 5_000_005, 'to-client': 5_000_005 } });
  });

  it('passes on that the server ended a connection', async () => {
    const one = await client();
    serverSockets[0]?.end();
    await once(one.socket, 'end');
    await one.closed;
    expect(one.error).toBeUndefined();
  });

  it('leads URLs through itself', () => {
    expect(proxy.through('redis://:secret@somewhere:1/3?a=b')).toBe(`redis://:secret@127.0.0.1:${proxy.port}/3?a=b`);
  });

  it('makes everything late, in order', async () => {
    const one = await client();
    const fault = proxy.inject({ kind: 'latency', delayMs: 60, ms: 5_000 });
    const startedAt = performance.now();
    for (const word of ['a', 'b', 'c']) await one.send(word);
    await one.receives('helloabc');
    // There and back. That it is not faster is what a delay is.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(110);
    fault.end();
    await fault.over;
    expect(await answers(one, 5_000)).toBe(true);
  });

  it('stalls, and then forwards what was held up', async () => {
    const one = await client();
    const stall = proxy.inject({ kind: 'stall', ms: 300 });
    await one.send('held');
    expect(await Promise.race([stall.over.then(() => 'over'), one.receives('hellohe')])).toBe('over');
    await one.receives('helloheld');
    expect(arrived).toBe('helloheld');
  });

  it('leaves connections half-open: neither bytes nor their end arrive, and new connections are served', async () => {
    const one = await client();
    await proxy.inject({ kind: 'half-open' }).over;
    expect(await answers(one, 200)).toBe(false);
    expect(arrived).toBe('hello');
    serverSockets[0]?.destroy();
    const another = await client();
    expect(await answers(another, 5_000)).toBe(true);
    expect([one.socket.destroyed, one.error]).toEqual([false, undefined]);
  });

  it('leaves those half-open that are made while it lasts', async () => {
    const lasting = proxy.inject({ kind: 'half-open', ms: 60_000 });
    const one = new Client(proxy.port);
    clients.push(one);
    expect(await answers(one, 200)).toBe(false);
    lasting.end();
    expect(await answers(one, 200)).toBe(false);
    expect(await answers(await client(), 5_000)).toBe(true);
  });

  it('resets connections', async () => {
    const one = await client();
    proxy.inject({ kind: 'reset' });
    await one.closed;
    expect(one.error?.code).toBe('ECONNRESET');
    expect(await answers(await client(), 5_000)).toBe(true);
  });

  it('closes connections', async () => {
    const one = await client();
    proxy.inject({ kind: 'close' });
    await one.closed;
    expect(one.error).toBeUndefined();
  });

  it('forwards byte by byte', async () => {
    const one = await client();
    proxy.inject({ kind: 'trickle', ms: 60_000 });
    const before = one.chunks;
    await one.send('0123456789'.repeat(20));
    await one.receives(`hello${'0123456789'.repeat(20)}`);
    expect(one.chunks - before).toBeGreaterThan(20);
  });

  it('forwards at once what is left when that is over', async () => {
    const one = await client();
    const trickle = proxy.inject({ kind: 'trickle', ms: 60_000 });
    const large = 'x'.repeat(1_000_000);
    const echoed = one.receives(`hello${large}`);
    await one.send(large);
    trickle.end();
    await echoed;
    expect(one.chunks).toBeLessThan(1_000);
  });

  it('refuses connections for a while, at the same port as before and after', async () => {
    const one = await client();
    const { port } = proxy;
    const refusal = proxy.inject({ kind: 'refuse', ms: 60_000 });
    const refused = new Client(port);
    await refused.closed;
    expect(refused.error?.code).toBe('ECONNREFUSED');
    expect(await answers(one, 5_000)).toBe(true);
    refusal.end();
    await refusal.over;
    expect(proxy.port).toBe(port);
    expect(await answers(await client(), 5_000)).toBe(true);
  });

  it.each(['reset', 'close', 'half-open'] as const)(
    'cuts before bytes that it sees, also in two pieces, by %s',
    async (by) => {
      const one = await client();
      const cut = proxy.inject({ kind: 'cut', when: 'to-server', sees: 'secret word', moment: 'before', by });
      await one.send('this is fine, sec');
      await one.receives('hellothis is fine, sec');
      await one.send('ret word');
      await cut.over;
      if (by !== 'half-open') await one.closed;
      expect(one.error?.code).toBe(by === 'reset' ? 'ECONNRESET' : undefined);
      expect(arrived).toBe('hellothis is fine, sec');
      expect(proxy.stats.cuts).toBe(1);
      // Once.
      await (await client()).send('secret word');
    },
  );

  it('cuts after bytes that it sees: they arrive, their answer does not', async () => {
    const one = await client();
    const cut = proxy.inject({ kind: 'cut', when: 'to-server', sees: 'secret', moment: 'after', by: 'reset' });
    await one.send('secret');
    await cut.over;
    await one.closed;
    expect([arrived, one.received]).toEqual(['hellosecret', 'hello']);
  });

  it('cuts at what the server says', async () => {
    const one = await client();
    const sees = (seen: Buffer): boolean => /\d{3}/.test(seen.toString());
    const cut = proxy.inject({ kind: 'cut', when: 'to-client', sees, moment: 'before', by: 'close' });
    await one.send('12');
    await one.receives('hello12');
    await one.send('3');
    await cut.over;
    await one.closed;
    expect([arrived, one.received]).toEqual(['hello123', 'hello12']);
  });

  it('gives a cut up that nothing led to', async () => {
    const cut = proxy.inject({ kind: 'cut', when: 'to-server', sees: 'never', moment: 'before', by: 'reset', ms: 20 });
    await cut.over;
    expect(await answers(await client('never'), 5_000)).toBe(true);
    expect(proxy.stats.cuts).toBe(0);
  });

  it('spares the connections that are not meant', async () => {
    const [one, other] = [await client('I am one'), await client('I am the other')];
    proxy.inject({ kind: 'half-open', only: ({ greeting }) => greeting.includes('one') });
    expect(await answers(other, 5_000)).toBe(true);
    expect(await answers(one, 200)).toBe(false);
    proxy.inject({ kind: 'reset', only: ({ number }) => number === 2 });
    await other.closed;
    expect(one.socket.destroyed).toBe(false);
  });

  it('runs a schedule until it is stopped', async () => {
    const stop = new AbortController();
    const one = await client();
    const faults = [
      { afterMs: 0, fault: { kind: 'latency', delayMs: 1, ms: 10 } },
      { afterMs: 5, fault: { kind: 'reset' } },
      { afterMs: 5, fault: { kind: 'stall', ms: 60_000 } },
    ] as const;
    const running = proxy.run(faults, stop.signal);
    await one.closed;
    while (proxy.stats.faults.stall === undefined) await sleep(5);
    stop.abort();
    await running;
    expect(proxy.stats.faults).toEqual({ latency: 1, reset: 1, stall: 1 });
    expect(await answers(await client(), 5_000)).toBe(true);
  });

  it('ends every connection when it is closed, and takes no more', async () => {
    const one = await client();
    await proxy.close();
    await one.closed;
    const late = new Client(proxy.port);
    await late.closed;
    expect(late.error?.code).toBe('ECONNREFUSED');
    expect(() => proxy.inject({ kind: 'reset' })).toThrow('closed');
  });
});
