/** The abort signal of one execution, made when somebody asks for it: most tasks never do, and a controller costs more than they. */
export class TaskAbort {
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #listener: ((reason: Error) => void) | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  /** For the one who runs the task elsewhere: called once, also when it was aborted before. */
  onAbort(listener: (reason: Error) => void): void {
    this.#listener = listener;
    if (this.#reason !== undefined) listener(this.#reason);
  }

  /** The first reason stays. */
  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#listener?.(reason);
  }
}
