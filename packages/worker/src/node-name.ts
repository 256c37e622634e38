import { hostname as hostName } from 'node:os';

/** The name of a worker, `celery@host` by default (celery 5.6 utils/nodenames.py, default_nodename; bin/worker.py, Hostname). */
export function nodeName(given = '', host: string = hostName()): string {
  const { name, host: givenHost } = split(given);
  const [shortHost = host, ...domain] = host.split('.');
  const full = `${name || 'celery'}@${givenHost || host}`;
  return full.replace(/%([hndiI%])/g, (_, letter: string) => {
    switch (letter) {
      case 'h':
        return host;
      case 'n':
        return shortHost;
      case 'd':
        return domain.join('.');
      case 'i':
        return '0';
      case 'I':
        return '';
      default:
        return '%';
    }
  });
}

/**
 * A text with parts of a worker's node name: `%p` all of it, `%n` what is before the `@`, `%h` the host, `%d` its domain (celery 5.6 utils/nodenames.py,
 * node_format). `%i` and `%I` are the number of a process of the pool and 0 in the worker itself, which alone writes files here.
 */
export function nodeFormat(text: string, node: string): string {
  const { name, host } = split(node);
  const [, ...domain] = host.split('.');
  const parts: Readonly<Record<string, string>> = {
    ...{ p: node, n: name, h: host, d: domain.join('.') },
    ...{ i: '0', I: '', '%': '%' },
  };
  return text.replaceAll(/%([pnhdiI%])/g, (_, letter: string) => parts[letter] ?? '');
}

/** A name without `@` is the host (celery 5.6 utils/nodenames.py, nodesplit). */
function split(given: string): { readonly name: string; readonly host: string } {
  const at = given.indexOf('@');
  return at === -1 ? { name: '', host: given } : { name: given.slice(0, at), host: given.slice(at + 1) };
}
