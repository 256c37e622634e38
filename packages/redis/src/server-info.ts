import type { Redis } from 'ioredis';

/** What a server says about itself, as far as it matters here. */
export interface ServerInfo {
  readonly version: string;
  readonly isLoading: boolean;
  /** A replica that takes no writes. */
  readonly isReadOnly: boolean;
  readonly isCluster: boolean;
  readonly evictionPolicy: string | undefined;
}

/** Undefined where the user may not ask. */
export async function serverInfo(client: Redis): Promise<ServerInfo | undefined> {
  let text: string;
  try {
    text = await client.info();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return undefined;
    throw error;
  }
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1));
  }
  return {
    version: fields.get('redis_version') ?? '',
    isLoading: fields.get('loading') === '1',
    isReadOnly: fields.get('role') === 'slave' && fields.get('slave_read_only') !== '0',
    isCluster: fields.get('cluster_enabled') === '1',
    evictionPolicy: fields.get('maxmemory_policy'),
  };
}

/** `RPOP` with a count, `GETDEL`, `CLIENT TRACKING`: what the scripts use. */
const oldest = [6, 2] as const;

export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return version !== '' && (major < oldest[0] || (major === oldest[0] && minor < oldest[1]));
}
