import { saferepr } from '../protocol/args-repr.js';
import { builtinNames } from './builtin-names.js';
import { parseNode } from './serialize.js';
import type { GroupNode, SignatureNode, TaskNode } from './signature-node.js';

/** A workflow for people, as Celery writes it (celery 5.6 canvas.py, the __repr__ of Signature and its subclasses). */
export function signatureText(node: SignatureNode): string {
  return new SignatureWriter().write(node);
}

/** The module of the first task that has one is written once. */
class SignatureWriter {
  #module: string | undefined;

  write(node: SignatureNode): string {
    switch (node.kind) {
      case 'task':
        return this.#mapped(node) ?? this.#call(node);
      case 'chain':
        return node.links.length === 0 ? '<empty chain>' : this.#chain(node.links);
      case 'group':
        return node.members.length === 0 ? 'group(<empty>)' : `group(${this.#list(node.members)})`;
      case 'chord':
        return this.#chord(node.header, node.body);
      case 'chunks':
        return `${this.#over(node.task, '*x', node.items)} in chunks of ${node.size}`;
    }
  }

  #chain(links: readonly SignatureNode[]): string {
    return links.map((link) => this.write(link)).join(' | ');
  }

  #list(members: readonly SignatureNode[]): string {
    return `[${members.map((member) => this.write(member)).join(', ')}]`;
  }

  /** The body is a call that has the list of the header in front. */
  #chord(header: GroupNode, body: SignatureNode): string {
    if (body.kind === 'task') return `%${this.#call(body, header)}`;
    const [first, ...rest] = body.kind === 'chain' ? body.links : [];
    if (first?.kind !== 'task') return this.#chain([header, body]);
    const begin = this.#call(first, header);
    return rest.length === 0 ? `%${begin}` : `%(${begin} | ${this.#chain(rest)})`;
  }

  #call({ task, args, kwargs, options }: TaskNode, header?: GroupNode): string {
    const name = this.#name(task);
    const { argsRepr, kwargsRepr } = options;
    const given = [
      ...(header === undefined ? [] : [this.#list(header.members)]),
      ...(argsRepr === undefined ? args.map((value) => saferepr(value)) : [`*${argsRepr}`]),
      ...(kwargsRepr === undefined
        ? Object.entries(kwargs).map(([key, value]) => `${key}=${saferepr(value)}`)
        : [`**${kwargsRepr}`]),
    ];
    return `${name}(${given.join(', ')})`;
  }

  #mapped({ task, kwargs }: TaskNode): string | undefined {
    if (task !== builtinNames.map && task !== builtinNames.starmap) return undefined;
    return this.#over(kwargs['task'], task === builtinNames.map ? 'x' : '*x', kwargs['it']);
  }

  #over(task: unknown, given: string, items: unknown): string {
    const mapped = parseNode(task);
    const name = mapped.kind === 'task' ? this.#name(mapped.task) : this.write(mapped);
    return `[${name}(${given}) for x in ${saferepr(items, 100)}]`;
  }

  #name(name: string): string {
    const module = name.slice(0, name.lastIndexOf('.') + 1);
    if (module === this.#module) return name.slice(module.length);
    if (module !== '') this.#module ??= module;
    return name;
  }
}
