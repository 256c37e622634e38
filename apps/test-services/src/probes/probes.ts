import type { ServiceName } from '../service.js';
import { exchange } from './exchange.js';

/** Says hello in each server's own protocol, without a driver; resolves when the server is ready to work. */
export const probes: Readonly<Record<ServiceName, (url: string) => Promise<void>>> = {
  redis: probeRedis,
  amqp: probeAmqp,
  postgres: probePostgres,
};

/** RESP: `PING` is answered by `+PONG`, and by `-LOADING …` while a data file is read. */
async function probeRedis(url: string): Promise<void> {
  const answer = await exchange(url, Buffer.from('PING\r\n'), (bytes) => bytes.includes('\r\n'));
  if (!answer.toString().startsWith('+PONG')) throw new Error(`Redis answered ${JSON.stringify(answer.toString())}`);
}

/** AMQP 0-9-1: the protocol header is answered by a method frame (type 1) that carries connection.start (class 10, method 10). */
async function probeAmqp(url: string): Promise<void> {
  const header = Buffer.from([...Buffer.from('AMQP'), 0, 0, 9, 1]);
  const answer = await exchange(url, header, (bytes) => bytes.length >= 11);
  const start = answer[0] === 1 && answer.readUInt16BE(7) === 10 && answer.readUInt16BE(9) === 10;
  if (!start) throw new Error(`RabbitMQ answered ${answer.toString('hex')}`);
}

/** PostgreSQL protocol 3.0: a trusted start-up ends with ReadyForQuery (`Z`, length 5, idle); an error begins with `E`. */
async function probePostgres(url: string): Promise<void> {
  const { username, pathname } = new URL(url);
  const parameters = Buffer.from(`user\0${username}\0database\0${pathname.slice(1)}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(3 << 16, 4);
  const ready = Buffer.from([...Buffer.from('Z'), 0, 0, 0, 5, ...Buffer.from('I')]);
  const isComplete = (bytes: Buffer): boolean => bytes[0] === 0x45 || bytes.subarray(-ready.length).equals(ready);
  const answer = await exchange(url, Buffer.concat([head, parameters]), isComplete);
  if (answer[0] === 0x45) throw new Error(`PostgreSQL answered ${JSON.stringify(answer.toString())}`);
}
