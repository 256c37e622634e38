/** What stands for a password in URLs that people see (celery 5.6 backends/base.py, as_uri; kombu 5.6 utils/url.py, sanitize_url). */
const mask = '**';

/** Query parameters that are secrets wherever they appear. */
const secretParameter = /([?&][^=&#]*(?:password|passwd|secret|token|credential)[^=&#]*=)[^&#;]*/gi;

/** A URL, or several joined with `;`, without its passwords. Anything else than a URL is returned as it is. */
export function maskUrl(url: string): string {
  return url
    .split(/;(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .map(maskOne)
    .join(';');
}

/** A password that ends at one `@` or at another: at the last one then. */
const ambiguous = /^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#]*@.*@/is;

function maskOne(given: string): string {
  const url = given.replace(ambiguous, `$1:${mask}@`);
  const [, scheme = '', rest = url] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(url) ?? [];
  const end = endOfCredentials(rest);
  const credentials = rest.slice(0, end);
  const colon = credentials.indexOf(':');
  const masked =
    scheme === '' || end === -1 || colon === -1 ? rest : `${credentials.slice(0, colon)}:${mask}${rest.slice(end)}`;
  return `${scheme}${masked}`.replaceAll(secretParameter, `$1${mask}`);
}

/** The `@` after the password. One that is not escaped may hold `@`, `/`, `?` and `#`; then the authority has no `@` but no port either. */
export function endOfCredentials(rest: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const inAuthority = authority.lastIndexOf('@');
  if (inAuthority !== -1) return inAuthority;
  return /^[^:]*(?::\d*)?$/.test(authority) ? -1 : rest.lastIndexOf('@');
}
