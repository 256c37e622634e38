import type { AppLocator, DeliveryInfo, FailureReason, HandedOver, ResultTuple, StoredError } from '@ctq/core';
import type { Message } from '@ctq/messaging';
import type { LogLevel } from '@ctq/runtime';

/** What a slot is started with. */
export interface SlotStart {
  readonly locator: AppLocator;
  readonly handedOver: HandedOver;
  /** Node name of the worker. */
  readonly hostname: string;
}

/** A task on its way into a slot: its message as the broker gave it. */
export interface SlotJob {
  /** Of this slot, counted up. */
  readonly run: number;
  readonly message: Message;
  readonly deliveryInfo: DeliveryInfo | undefined;
}

/** From the worker to a slot. */
export type ToSlot =
  | { readonly kind: 'open'; readonly start: SlotStart }
  | { readonly kind: 'run'; readonly job: SlotJob }
  /** Aborts the signal of a run. */
  | { readonly kind: 'abort'; readonly run: number; readonly reason: StoredError }
  /** The outcome is stored: hooks and signals may hear of it. It is the slot's own, or the one that it turned into when it was made known. */
  | { readonly kind: 'tell'; readonly run: number; readonly instead: EncodedOutcome | undefined }
  /** Nobody hears of the run any more. */
  | { readonly kind: 'forget'; readonly run: number }
  /** Nothing more comes: closes the app and leaves. */
  | { readonly kind: 'close' };

/** From a slot to the worker. */
export type FromSlot =
  | { readonly kind: 'ready' }
  /** The application could not be loaded. */
  | { readonly kind: 'unfit'; readonly message: string; readonly stack: string | undefined }
  | {
      readonly kind: 'ended';
      readonly run: number;
      readonly outcome: EncodedOutcome;
      /** Hooks or receivers of signals wait in the slot for `tell`. */
      readonly wantsToBeTold: boolean;
      /** Memory of the slot after the run. */
      readonly memoryKiB: number;
    }
  | { readonly kind: 'told'; readonly run: number }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** An outcome as it crosses the border of a slot: plain data and encoded values. */
export type EncodedOutcome = EncodedEnding & {
  readonly runtimeMs: number;
  readonly children?: readonly ResultTuple[];
};

type EncodedEnding =
  | { readonly kind: 'success'; readonly value: Uint8Array }
  /** Of a value that nobody asks for: what logs show of it. */
  | { readonly kind: 'success'; readonly shown: string }
  | { readonly kind: 'failure'; readonly error: EncodedError; readonly reason: FailureReason }
  | { readonly kind: 'retry'; readonly retry: EncodedRetry }
  | { readonly kind: 'ignore'; readonly reason: string }
  | { readonly kind: 'reject'; readonly reason: string; readonly requeue: boolean };

export interface EncodedError {
  readonly stored: StoredError;
  readonly stack: string | undefined;
  /** It is one of the task's `throws`, which only those can tell who have its class. */
  readonly isExpected: boolean;
}

export interface EncodedRetry {
  /** As the log shows it. */
  readonly message: string;
  readonly error: EncodedError | undefined;
  readonly dueAt: number | undefined;
  /** Arguments of the next attempt, `[args, kwargs]` with null for those of this one, encoded as values are. */
  readonly call: Uint8Array;
  /** Options of the next attempt; links are serialized. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
}

/** The argument by which a program knows that it is a slot. */
export const slotMark = '--ctq-pool-slot';
