import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const programs = fileURLToPath(new URL('../python/', import.meta.url));
const cache = fileURLToPath(new URL('../../../node_modules/.cache/ctq-python/', import.meta.url));

/** Where broker and results of the Python side are. */
export interface PythonSite {
  readonly broker: string;
  readonly backend: string;
}

/**
 * The interpreter of an environment with the Celery of `requirements.txt` from PyPI, made when it is not there. Undefined without Python.
 */
export async function pythonWithCelery(): Promise<string | undefined> {
  const requirements = join(programs, 'requirements.txt');
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const environment = join(cache, hash);
  const interpreter = join(environment, 'bin', 'python');
  if (existsSync(interpreter)) return interpreter;
  const draft = `${environment}.${process.pid}`;
  await mkdir(dirname(draft), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', draft]);
  } catch {
    return undefined;
  }
  await run(join(draft, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
  // Its scripts name the folder that they were made in; the interpreter does not mind.
  await rename(draft, environment).catch(() => rm(draft, { recursive: true, force: true }));
  return interpreter;
}

/** A Celery worker, consuming from the given queues. */
export class PythonWorker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it says that it is ready. */
  static async start(python: string, site: PythonSite, queues: readonly string[]): Promise<PythonWorker> {
    const args = [
      '-m',
      'celery',
      '-A',
      'tasks',
      'worker',
      '-Q',
      queues.join(),
      '-l',
      'INFO',
      '-c',
      '2',
      '-P',
      'threads',
    ];
    const child = spawn(python, [...args, '-n', `python-${process.pid}@interop`], {
      cwd: programs,
      env: environmentOf(site),
    });
    const worker = new PythonWorker(child);
    const exited = once(child, 'exit');
    await Promise.race([
      worker.#line(/ ready\.$/),
      exited.then(() => {
        throw new Error(`The Python worker ended before it was ready:\n${worker.#lines.join('\n')}`);
      }),
    ]);
    return worker;
  }

  #line(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        if (stream === null) continue;
        createInterface(stream).on('line', (line) => {
          this.#lines.push(line);
          if (this.#lines.length > 100) this.#lines.shift();
          if (pattern.test(line)) resolve();
        });
      }
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await end(this.#child, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#child, 'SIGTERM');
  }
}

/** Has Kombu restore whatever it takes for abandoned, as if its visibility timeout had passed for everything. */
export async function restoreByKombu(python: string, site: PythonSite): Promise<void> {
  await run(python, ['restore.py'], { cwd: programs, env: environmentOf(site) });
}

/** A workflow as the client is told of it. */
export type PythonNode =
  | readonly ['task', name: string, args: readonly unknown[], options: Readonly<Record<string, unknown>>]
  | readonly ['chain' | 'group', members: readonly PythonNode[]]
  | readonly ['chord', members: readonly PythonNode[], body: PythonNode];

/** What the Python client saw of a workflow's end. */
export type PythonAnswer =
  | { readonly value: unknown }
  | { readonly error: string; readonly module: string; readonly message: string };

/** A Python program that sends workflows and waits for their results. */
export class PythonClient implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string, undefined>;

  constructor(python: string, site: PythonSite) {
    const child = spawn(python, ['client.py'], {
      cwd: programs,
      env: environmentOf(site),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  async call(node: PythonNode): Promise<PythonAnswer> {
    this.#child.stdin?.write(`${JSON.stringify(node)}\n`);
    const next: IteratorResult<string, undefined> = await this.#answers.next();
    if (next.done === true) throw new Error('The Python client ended.');
    return JSON.parse(next.value) as PythonAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    await end(this.#child, 'SIGTERM');
  }
}

function environmentOf({ broker, backend }: PythonSite): NodeJS.ProcessEnv {
  return { ...process.env, INTEROP_BROKER: broker, INTEROP_BACKEND: backend, PYTHONDONTWRITEBYTECODE: '1' };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
