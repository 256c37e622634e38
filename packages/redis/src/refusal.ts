/** What an error of the client or the server means for whoever used the connection. */
export interface Refusal {
  /** Trying again can help. */
  readonly recoverable: boolean;
  /** It concerns one command; the connection is as good as before. */
  readonly isPassing: boolean;
}

/** Replies that trying again does not change. */
const lasting =
  /^(?:WRONGPASS|NOAUTH|NOPERM|WRONGTYPE)|invalid (?:username|password)|DB index is out of range|unknown command/i;
/** Replies that concern one command. */
const passing = /^(?:OOM|BUSY|MISCONF|NOREPLICAS)/;

export function refusalOf(error: Error): Refusal {
  return { recoverable: !lasting.test(error.message), isPassing: passing.test(error.message) };
}
