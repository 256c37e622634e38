import { ConfigurationError } from '@ctq/runtime';

/** What an error of the client or the server means for whoever used the connection. */
export interface Refusal {
  /** Trying again can help. */
  readonly recoverable: boolean;
  /** It concerns one command; the connection is as good as before. */
  readonly isPassing: boolean;
  /** This server is not, or not now, the one that serves: it has to be looked for again. */
  readonly isElsewhere: boolean;
  /** In the server's words; of a transaction, why it was not executed. */
  readonly reason: string;
}

/** Replies that trying again does not change. */
const lasting =
  /^(?:WRONGPASS|NOAUTH|NOPERM|WRONGTYPE|CROSSSLOT)|invalid (?:username|password)|DB index is out of range|unknown command|No such master|cluster support disabled/i;
/** Codes of replies that concern one command. A slot that is being moved has some of its keys here and some there. */
const passing = new Set(['OOM', 'BUSY', 'MISCONF', 'NOREPLICAS', 'TRYAGAIN', 'ASK']);
/** Codes of replies of a server that was demoted, has given the slot away, or does not serve yet. */
const elsewhere = new Set(['READONLY', 'MOVED', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN']);
/** Of the certificates of either side: TLS goes on failing until somebody changes one. */
const certificates = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

export function refusalOf(error: Error): Refusal {
  const { cause, message: reason } = error;
  // Several servers were asked: what one of them can get over, can be got over.
  if (cause instanceof AggregateError) {
    const recoverable = cause.errors.some((each: unknown) => each instanceof Error && refusalOf(each).recoverable);
    return { recoverable, isPassing: false, isElsewhere: false, reason };
  }
  if (ConfigurationError.isInstance(error)) return { recoverable: false, isPassing: false, isElsewhere: false, reason };
  const previous = previousErrors(error).map(({ message }) => message);
  const messages = [reason, ...previous];
  const codes = messages.map(codeOf);
  const isLasting = messages.some((message) => lasting.test(message)) || certificates.test(systemCode(error));
  return {
    recoverable: !isLasting,
    isPassing: codes.some((code) => passing.has(code)),
    isElsewhere: codes.some((code) => elsewhere.has(code)),
    reason: previous[0] ?? reason,
  };
}

/** `OOM`, `READONLY`: also from within a script, where Redis 6.2 writes it into the text. */
function codeOf(message: string): string {
  return /^(?:ERR Error running script.*?-)?([A-Z]+)/.exec(message)?.[1] ?? '';
}

/** Why a transaction was not executed. */
function previousErrors(error: Error): readonly Error[] {
  const { previousErrors: errors } = error as { previousErrors?: unknown };
  return Array.isArray(errors) ? errors.filter((each) => each instanceof Error) : [];
}

function systemCode(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
