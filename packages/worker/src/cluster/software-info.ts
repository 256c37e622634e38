import { readFileSync } from 'node:fs';
import { type as system } from 'node:os';

/** What a worker says of its software (celery 5.6 worker/state.py, SOFTWARE_INFO). */
export interface SoftwareInfo {
  readonly sw_ident: string;
  readonly sw_ver: string;
  readonly sw_sys: string;
}

/** Where Celery has `py-celery`. */
export const ownIdent = 'ctq';

export function softwareInfo(): SoftwareInfo {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return { sw_ident: ownIdent, sw_ver: String(version), sw_sys: system() };
}
