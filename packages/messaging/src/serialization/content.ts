import type { Message } from '../message/message.js';

/** A body that is ready to be published. */
export interface EncodedContent {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Value for the `compression` header, when the body was compressed. */
  readonly compression?: string;
}

export interface EncodeOptions {
  /**
   * Name or content type. Default `json`, except that a string becomes `text/plain` and bytes become `application/data`
   * (kombu 5.6 serialization.py, dumps). `raw` sends both as `application/data`.
   */
  readonly serializer?: string;
  /** Name, alias or content type; none by default. */
  readonly compression?: string;
}

/**
 * Values to message bodies and back, with the allow-list and the size limits of one application. One object per app; no
 * registry that two apps would share.
 */
export interface ContentCodec {
  /** @throws EncodeError naming the value's path, or the option that is not known and what to install. */
  encode(value: unknown, options?: EncodeOptions): EncodedContent;
  /**
   * JSON that its caller has written, as `encode` would have: for what is sent too often to be made of objects first. Undefined where the serializer of the name is not one of
   * `createJsonSerializer`.
   * @throws EncodeError for more bytes than may be sent.
   */
  encodeJson(text: string, serializer: string): EncodedContent | undefined;
  /**
   * Decompresses (by `headers.compression`), then decodes by content type. `application/data` and `application/text`
   * and an empty type are passed undecoded, as Kombu does (kombu 5.6 serialization.py, TRUSTED_CONTENT).
   * @throws ContentNotAcceptedError for a type outside the allow-list, BodyTooLargeError, DecodeError.
   */
  decode(content: Pick<Message, 'body' | 'contentType' | 'contentEncoding' | 'headers'>): unknown;
}
