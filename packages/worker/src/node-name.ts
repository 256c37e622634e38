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

/** A name without `@` is the host (celery 5.6 utils/nodenames.py, nodesplit). */
function split(given: string): { readonly name: string; readonly host: string } {
  const at = given.indexOf('@');
  return at === -1 ? { name: '', host: given } : { name: given.slice(0, at), host: given.slice(at + 1) };
}
