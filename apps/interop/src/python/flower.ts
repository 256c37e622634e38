import { type ChildProcess, spawn } from 'node:child_process';
import { freePorts } from '@ctq/test-services';
import { endProcess } from './end-process.js';
import { programs } from './environment.js';
import { environmentOf, type PythonSite } from './python-site.js';

/** How Flower answered. */
export interface FlowerAnswer {
  readonly status: number;
  readonly text: string;
}

/** Flower 2, in a process of its own. */
export class Flower implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #base: string;

  private constructor(child: ChildProcess, base: string) {
    this.#child = child;
    this.#base = base;
  }

  /** Resolves when it answers. */
  static async start(python: string, site: PythonSite): Promise<Flower> {
    const [port = 0] = await freePorts(1);
    const args = ['-m', 'celery', '-A', 'tasks', 'flower', '--address=127.0.0.1', `--port=${port}`];
    const child = spawn(python, [...args, '--inspect-timeout=500', '--max-tasks=1000'], {
      cwd: programs,
      env: { ...environmentOf(site), FLOWER_UNAUTHENTICATED_API: 'true' },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    const flower = new Flower(child, `http://127.0.0.1:${port}`);
    for (;;) {
      if (child.exitCode !== null) throw new Error(`Flower ended with ${child.exitCode}.`);
      const answer = await flower.get('/healthcheck').catch(() => undefined);
      if (answer?.status === 200) return flower;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get(path: string): Promise<FlowerAnswer> {
    return this.#ask(path, {});
  }

  /** With arguments as a form sends them. */
  post(path: string, form: Readonly<Record<string, string>> = {}): Promise<FlowerAnswer> {
    return this.#ask(path, { method: 'POST', body: new URLSearchParams(form) });
  }

  postJson(path: string, body: unknown): Promise<FlowerAnswer> {
    return this.#ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #ask(path: string, init: RequestInit): Promise<FlowerAnswer> {
    const response = await fetch(this.#base + path, { ...init, signal: AbortSignal.timeout(20_000) });
    return { status: response.status, text: await response.text() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return endProcess(this.#child, 'SIGKILL').then(() => undefined);
  }
}
