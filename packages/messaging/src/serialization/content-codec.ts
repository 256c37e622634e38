import { types } from 'node:util';
import { ConfigurationError, CtqError, toError } from '@ctq/runtime';
import { brotliCompressor } from '../compression/brotli.js';
import { bzip2Compressor } from '../compression/bzip2.js';
import type { Compressor } from '../compression/compressor.js';
import { gzipCompressor } from '../compression/gzip.js';
import { createLzmaCompressor } from '../compression/lzma.js';
import { createZstdCompressor } from '../compression/zstd.js';
import { ContentNotAcceptedError, DecodeError, EncodeError } from '../errors.js';
import { bytesSerializer } from './bytes.js';
import type { ContentCodec, EncodedContent, EncodeOptions } from './content.js';
import { isJsonSerializer, jsonSerializer } from './json.js';
import { describeContentType, describeUnknownFormat } from './known-formats.js';
import { createMsgpackSerializer } from './msgpack.js';
import type { Serializer } from './serializer.js';
import {
  allowedDecompressedBytes,
  checkReceivedSize,
  checkSentSize,
  defaultSizeLimits,
  looksLikeBomb,
  type SizeLimits,
} from './size-limits.js';
import { decodeByEncoding } from './text-encoding.js';
import { textSerializer } from './text.js';
import { createYamlSerializer } from './yaml.js';

export interface ContentCodecOptions extends Partial<SizeLimits> {
  /** Beside json, yaml, msgpack, text and bytes; one with the name of another replaces it. */
  readonly serializers?: readonly Serializer[];
  /** Beside gzip (alias zlib), bzip2 (bzip), lzma (xz), brotli and zstd (zstandard); one with the name of another replaces it. */
  readonly compressors?: readonly Compressor[];
  /**
   * What is decoded, by name or content type: everything else is refused undecoded. Default `['json']`, as in Celery
   * (celery 5.6 app/defaults.py, accept_content).
   */
  readonly accept?: readonly string[];
}

/** Accepted without being listed, since nothing is decoded but text (kombu 5.6 serialization.py, TRUSTED_CONTENT). */
const trustedContentTypes: ReadonlySet<string> = new Set(['application/data', 'application/text']);

/**
 * The serializers, compressors, allow-list and limits of one application.
 *
 * @throws ConfigurationError for a name in `accept` that no serializer has (kombu: SerializerNotInstalled), or whose package is missing.
 */
export function createContentCodec(options: ContentCodecOptions = {}): ContentCodec {
  return new OwnContentCodec(options);
}

class OwnContentCodec implements ContentCodec {
  readonly #serializers = new Map<string, Serializer>();
  readonly #decoders = new Map<string, Serializer>();
  readonly #compressors = new Map<string, Compressor>();
  readonly #accepted: ReadonlySet<string>;
  readonly #limits: SizeLimits;

  constructor(options: ContentCodecOptions) {
    for (const serializer of [...builtInSerializers(), ...(options.serializers ?? [])]) this.#addSerializer(serializer);
    for (const compressor of [...builtInCompressors(), ...(options.compressors ?? [])]) this.#addCompressor(compressor);
    this.#accepted = this.#contentTypes(options.accept ?? ['json']);
    for (const contentType of this.#accepted) this.#load(contentType);
    this.#limits = {
      maxBodyBytes: options.maxBodyBytes ?? defaultSizeLimits.maxBodyBytes,
      maxDecompressedBytes: options.maxDecompressedBytes ?? defaultSizeLimits.maxDecompressedBytes,
      maxCompressionRatio: options.maxCompressionRatio ?? defaultSizeLimits.maxCompressionRatio,
    };
  }

  encode(value: unknown, options: EncodeOptions = {}): EncodedContent {
    try {
      const content = this.#serialize(value, options.serializer);
      const encoded = options.compression === undefined ? content : this.#compress(content, options.compression);
      checkSentSize(encoded.body.length, content.body.length, this.#limits);
      return encoded;
    } catch (error) {
      // The serializers of others may throw what they like.
      if (CtqError.isInstance(error)) throw error;
      throw new EncodeError(`Cannot encode the body: ${toError(error).message}`, { cause: error });
    }
  }

  encodeJson(text: string, name: string): EncodedContent | undefined {
    const serializer = this.#serializers.get(name);
    if (!isJsonSerializer(serializer)) return undefined;
    const { contentType, contentEncoding } = serializer;
    const content = { body: Buffer.from(text), contentType, contentEncoding };
    checkSentSize(content.body.length, content.body.length, this.#limits);
    return content;
  }

  decode(content: Parameters<ContentCodec['decode']>[0]): unknown {
    const contentType = content.contentType === '' ? 'application/data' : content.contentType;
    if (!this.#accepted.has(contentType) && !trustedContentTypes.has(contentType)) throw this.#refusal(contentType);
    checkReceivedSize(content.body.length, this.#limits);
    try {
      const { compression } = content.headers;
      const body = isGiven(compression) ? this.#decompress(content.body, compression) : content.body;
      const decoder = this.#decoders.get(contentType);
      return decoder === undefined ? decodeByEncoding(body, content.contentEncoding) : decoder.decode(body);
    } catch (error) {
      if (CtqError.isInstance(error)) throw error;
      throw new DecodeError(`Cannot decode content of type ${contentType}: ${toError(error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * Kombu's rules (kombu 5.6 serialization.py, dumps and raw_encode): bytes and strings are left alone unless a
   * serializer is named.
   */
  #serialize(value: unknown, name: string | undefined): EncodedContent {
    if (name === undefined) {
      if (typeof value === 'string') return serialized(textSerializer, value);
      return serialized(types.isUint8Array(value) ? bytesSerializer : this.#serializer('json'), value);
    }
    if (name !== 'raw' || this.#serializers.has(name)) return serialized(this.#serializer(name), value);
    if (typeof value !== 'string') return serialized(bytesSerializer, value);
    return { ...serialized(textSerializer, value), contentType: bytesSerializer.contentType };
  }

  #serializer(name: string): Serializer {
    const serializer = this.#serializers.get(name);
    if (serializer !== undefined) return serializer;
    throw new EncodeError(describeUnknownFormat('serializer', name, this.#serializerNames()));
  }

  #compress(content: EncodedContent, name: string): EncodedContent {
    const compressor = this.#compressors.get(name);
    if (compressor === undefined)
      throw new EncodeError(describeUnknownFormat('compressor', name, [...this.#compressors.keys()]));
    const body = compressor.compress(content.body);
    if (looksLikeBomb(body.length, content.body.length, this.#limits)) return content;
    return { ...content, body, compression: compressor.contentType };
  }

  #decompress(body: Uint8Array, compression: unknown): Uint8Array {
    const compressor = typeof compression === 'string' ? this.#compressors.get(compression) : undefined;
    if (compressor === undefined) {
      throw new DecodeError(describeUnknownFormat('compressor', String(compression), [...this.#compressors.keys()]));
    }
    return compressor.decompress(body, allowedDecompressedBytes(body.length, this.#limits));
  }

  #refusal(contentType: string): ContentNotAcceptedError {
    const name = this.#decoders.get(contentType)?.name;
    const advice =
      name === undefined ? '' : ` Add ${name} to \`accept\` if everyone who can write to this broker is to be trusted.`;
    return new ContentNotAcceptedError(
      `Refusing to decode content of type ${describeContentType(contentType)}: accepted are ` +
        `${[...this.#accepted].join(', ')}.${advice}`,
      { details: { contentType: contentType.slice(0, 200), accepted: [...this.#accepted] } },
    );
  }

  #addSerializer(serializer: Serializer): void {
    this.#serializers.set(serializer.name, serializer);
    this.#serializers.set(serializer.contentType, serializer);
    // Bytes are read by their content encoding: Kombu has no decoder for application/data, unless one is registered
    // (its `auth`).
    if (serializer !== bytesSerializer) this.#decoders.set(serializer.contentType, serializer);
  }

  #addCompressor(compressor: Compressor): void {
    for (const name of [compressor.name, ...compressor.aliases, compressor.contentType])
      this.#compressors.set(name, compressor);
  }

  /** Kombu's prepare_accept_content: names become content types, content types are taken as they are. */
  #contentTypes(accept: readonly string[]): ReadonlySet<string> {
    return new Set(accept.map((name) => (name.includes('/') ? name : this.#contentType(name))));
  }

  #contentType(name: string): string {
    const serializer = this.#serializers.get(name === 'raw' ? 'bytes' : name);
    if (serializer !== undefined) return serializer.contentType;
    throw new ConfigurationError(
      'CTQ_SERIALIZER_NOT_INSTALLED',
      '`accept` names a serializer that is not installed. ' +
        describeUnknownFormat('serializer', name, this.#serializerNames()),
    );
  }

  /** @throws ConfigurationError with the command to install what is missing. */
  #load(contentType: string): void {
    const serializer = this.#decoders.get(contentType);
    try {
      serializer?.load?.();
    } catch (cause) {
      throw new ConfigurationError(
        'CTQ_SERIALIZER_NOT_INSTALLED',
        `\`accept\` names ${serializer?.name}, but ${toError(cause).message}`,
        { cause },
      );
    }
  }

  #serializerNames(): string[] {
    return [...new Set([...this.#serializers.values()].map((serializer) => serializer.name)), 'raw'];
  }
}

function builtInSerializers(): readonly Serializer[] {
  return [jsonSerializer, createYamlSerializer(), createMsgpackSerializer(), textSerializer, bytesSerializer];
}

function builtInCompressors(): readonly Compressor[] {
  return [gzipCompressor, bzip2Compressor, createLzmaCompressor(), brotliCompressor, createZstdCompressor()];
}

/** Python's truth: an empty header is none. */
function isGiven(compression: unknown): boolean {
  return compression !== undefined && compression !== null && compression !== '';
}

function serialized(serializer: Serializer, value: unknown): EncodedContent {
  return {
    body: serializer.encode(value),
    contentType: serializer.contentType,
    contentEncoding: serializer.contentEncoding,
  };
}
