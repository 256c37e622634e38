import { userInfo } from 'node:os';
import { toError } from '@ctq/runtime';
import { UsageError } from '../usage-error.js';

/** Names, or numbers as text. */
export interface Privileges {
  readonly uid?: string | null | undefined;
  readonly gid?: string | null | undefined;
}

/**
 * Goes on as this user, for good, with the groups that are his; with a group alone only that is changed (celery 5.6 platforms.py, maybe_drop_privileges).
 * @throws UsageError for who is not root, and for users and groups that are not there.
 */
export function dropPrivileges({ uid, gid }: Privileges): void {
  const user = uid ?? undefined;
  const group = gid ?? undefined;
  if (user === undefined && group === undefined) return;
  if (process.setuid === undefined) throw new UsageError('--uid and --gid are not for this platform.');
  if (user !== undefined && isUser(user) && group === undefined) return;
  if (process.geteuid?.() !== 0)
    throw new UsageError('--uid and --gid are for root, who alone can become another user.');
  try {
    if (user === undefined) process.setgid?.(idOf(group ?? ''));
    else become(user, group);
  } catch (error) {
    if (UsageError.isInstance(error)) throw error;
    throw new UsageError(`--uid ${user ?? '-'}, --gid ${group ?? '-'}: ${toError(error).message}`);
  }
}

/** The mask of files that are made, octal. @throws UsageError */
export function setMask(umask: string | null | undefined): void {
  if (umask === undefined || umask === null) return;
  if (!/^(?:0o)?[0-7]{1,4}$/.test(umask)) throw new UsageError(`--umask ${umask} is not octal, such as 022.`);
  process.umask(Number.parseInt(umask.replace('0o', ''), 8));
}

/** Group first: who is not root any more cannot change it. */
function become(user: string, group: string | undefined): void {
  const { name, id, primary } = accountOf(user);
  const chosen = group === undefined ? primary : idOf(group);
  if (chosen === undefined) throw new UsageError(`--uid ${user} has no account here, and so no group: give --gid too.`);
  process.setgid?.(chosen);
  if (name === undefined) process.setgroups?.([chosen]);
  else (process as InitGroups).initgroups?.(name, chosen);
  process.setuid?.(id);
  if (id !== 0 && canBeRoot()) throw new UsageError(`--uid ${user}: could become root again.`);
}

/** Not in Node's types. */
interface InitGroups {
  initgroups?(user: string, extraGroup: string | number): void;
}

interface Account {
  /** Undefined for a number without an account, as containers have. */
  readonly name: string | undefined;
  readonly id: string | number;
  readonly primary: number | undefined;
}

/** Node looks up the account of whoever runs it, and of nobody else. */
function accountOf(user: string): Account {
  process.seteuid?.(idOf(user));
  try {
    const { username, uid, gid } = userInfo();
    return { name: username, id: uid, primary: gid };
  } catch {
    return { name: undefined, id: idOf(user), primary: undefined };
  } finally {
    process.seteuid?.(0);
  }
}

function isUser(user: string): boolean {
  if (idOf(user) === process.geteuid?.()) return true;
  try {
    return userInfo().username === user;
  } catch {
    return false;
  }
}

function canBeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function idOf(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
