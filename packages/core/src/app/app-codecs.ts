import { type Compressor, type ContentCodec, createContentCodec, type Serializer } from '@ctq/messaging';
import type { Settings } from '../config/settings.js';
import { createResultCodec } from '../result/result-codec.js';
import type { ResultCodec } from '../result/result-record.js';

/** States, stacks and arguments that stand in a document beside the value. */
const besideTheValueBytes = 1024 * 1024;

export interface AppCodecsOptions {
  readonly settings: () => Settings;
  readonly serializers: readonly Serializer[];
  readonly compressors: readonly Compressor[];
}

/** What an app's messages and results are read and written with. */
export class AppCodecs {
  readonly #options: AppCodecsOptions;
  #messages: ContentCodec | undefined;
  #events: ContentCodec | undefined;

  constructor(options: AppCodecsOptions) {
    this.#options = options;
  }

  get messages(): ContentCodec {
    if (this.#messages === undefined) {
      const { acceptContent, taskMaxMessageSize } = this.#options.settings();
      this.#messages = this.#create(acceptContent, taskMaxMessageSize);
    }
    return this.#messages;
  }

  /** celery 5.6 events/receiver.py, EventReceiver.__init__. */
  get events(): ContentCodec {
    const { eventSerializer, taskMaxMessageSize } = this.#options.settings();
    this.#events ??= this.#create(['json', eventSerializer], taskMaxMessageSize);
    return this.#events;
  }

  /** A new one each time: whoever stores results keeps it. */
  createForResults(): ResultCodec {
    const { resultAcceptContent, resultSerializer } = this.#options.settings();
    return createResultCodec(
      this.#create(resultAcceptContent, this.maxResultBytes + besideTheValueBytes),
      resultSerializer,
    );
  }

  get maxResultBytes(): number {
    const { resultMaxSize, taskMaxMessageSize } = this.#options.settings();
    return resultMaxSize ?? taskMaxMessageSize;
  }

  #create(accept: readonly string[], maxBytes: number): ContentCodec {
    const { serializers, compressors } = this.#options;
    return createContentCodec({
      accept,
      serializers,
      compressors,
      maxBodyBytes: maxBytes,
      maxDecompressedBytes: maxBytes,
    });
  }
}
