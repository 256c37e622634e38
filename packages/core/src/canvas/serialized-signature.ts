/**
 * A signature as it travels inside messages (celery 5.6 canvas.py, Signature; member names as on the wire). Extra members of `options` are kept.
 */
export interface SerializedSignature {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: string | null;
  readonly immutable: boolean;
}
