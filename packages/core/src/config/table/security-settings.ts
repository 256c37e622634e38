import type { SettingsTable } from '../setting.js';
import { optional, secret, text } from '../setting-types.js';

/** Message signing: what may be given. */
export interface SecuritySettings {
  /** Certificate that messages are signed with. */
  securityCertificate: string | null;
  /** Certificates whose signatures are accepted. */
  securityCertStore: string | null;
  /** Private key that messages are signed with. */
  securityKey: string | null;
  /** Passphrase of that key. */
  securityKeyPassword: string | Uint8Array | null;
  /** Digest of signatures. */
  securityDigest: string;
}

export const securitySettings: SettingsTable<SecuritySettings> = {
  securityCertificate: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_SECURITY_CERTIFICATE'],
    doc: 'Certificate that messages are signed with.',
  },
  securityCertStore: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_SECURITY_CERT_STORE'],
    doc: 'Certificates whose signatures are accepted.',
  },
  securityKey: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_SECURITY_KEY'],
    doc: 'Private key that messages are signed with.',
  },
  securityKeyPassword: {
    type: optional(secret),
    default: undefined,
    status: 'accepted',
    old: ['CELERY_SECURITY_KEY_PASSWORD'],
    doc: 'Passphrase of that key.',
  },
  securityDigest: {
    type: text,
    default: 'sha256',
    status: 'accepted',
    old: ['CELERY_SECURITY_DIGEST'],
    doc: 'Digest of signatures.',
  },
};
