import { connect } from 'node:net';

/**
 * Connects, sends `greeting`, and resolves with the answer as soon as `isComplete` accepts it.
 * Rejects when the server refuses, closes early or stays silent for `timeoutMs`.
 */
export function exchange(
  url: string,
  greeting: Uint8Array,
  isComplete: (answer: Buffer) => boolean,
  { timeoutMs = 5_000 }: { timeoutMs?: number } = {},
): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = Buffer.alloc(0);
    const settle = (outcome: () => void): void => {
      socket.destroy();
      outcome();
    };
    socket.setTimeout(timeoutMs, () => settle(() => reject(new Error(`${hostname}:${port} did not answer`))));
    socket.once('connect', () => socket.write(greeting));
    socket.once('error', (error) => settle(() => reject(error)));
    socket.once('close', () =>
      reject(new Error(`${hostname}:${port} closed the connection after ${answer.length} bytes`)),
    );
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (isComplete(answer)) settle(() => resolve(answer));
    });
  });
}
