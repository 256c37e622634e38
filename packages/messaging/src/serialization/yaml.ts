import { CtqError, toError } from '@ctq/runtime';
import type * as jsYaml from 'js-yaml';
import { BodyTooLargeError, DecodeError, EncodeError } from '../errors.js';
import { OptionalPackage } from '../optional-package.js';
import { maxDepth } from './json-scan.js';
import type { Serializer } from './serializer.js';
import { checkSharedValues } from './shared-values.js';
import { decodeUtf8 } from './utf8.js';
import { pythonSchema } from './yaml-schema.js';
import { writeYaml } from './yaml-writer.js';

/**
 * Reading YAML takes more than a hundred bytes of memory for a byte of text, and half a second for a million values. What is larger
 * belongs into another format.
 */
const maxYamlBytes = 4 * 1024 * 1024;

/**
 * YAML as Kombu speaks it (kombu 5.7 serialization.py, register_yaml: `yaml.safe_dump`, `yaml.safe_load`): text, numbers, bytes, dates,
 * datetimes, lists and mappings. There is nothing for times, decimals and UUIDs, for which PyYAML raises too.
 *
 * Read is what PyYAML's SafeLoader reads, by its rules, which are those of YAML 1.1 (`yes` is true, `1:30` is 90, `1e3` is text): a
 * datetime becomes a `WireDate`, a date a `PlainDate`, a set a `Set`. Any other tag is refused, so are circular structures, and
 * documents beyond 4 MiB, in both directions.
 *
 * The package `js-yaml` is an optional peer, loaded when something is read for the first time; writing needs none.
 */
export function createYamlSerializer(load?: (name: string) => unknown): Serializer {
  const peer = new OptionalPackage<typeof jsYaml>('js-yaml', '^5.5.0', load);
  let schema: jsYaml.Schema | undefined;
  return Object.freeze({
    name: 'yaml',
    contentType: 'application/x-yaml',
    contentEncoding: 'utf-8',
    load: () => void peer.exports,
    encode(value: unknown): Uint8Array {
      const bytes = Buffer.from(writeYaml(value));
      if (bytes.length <= maxYamlBytes) return bytes;
      throw new EncodeError(`Cannot encode as YAML: ${describeSize(bytes.length)}`);
    },
    decode(bytes: Uint8Array): unknown {
      if (bytes.length > maxYamlBytes) {
        throw new BodyTooLargeError(`The content is not read: ${describeSize(bytes.length)}`, {
          details: { bodyBytes: bytes.length, maxBodyBytes: maxYamlBytes },
        });
      }
      const text = decodeUtf8(bytes);
      try {
        const yaml = peer.exports;
        schema ??= pythonSchema(yaml);
        // As in PyYAML the last of two equal keys counts.
        const documents = yaml.loadAll(text, { schema, json: true, maxDepth });
        if (documents.length > 1) throw new RangeError('there are several documents in it');
        const [value = null] = documents;
        checkSharedValues(value, 'YAML');
        return value;
      } catch (cause) {
        if (CtqError.isInstance(cause)) throw cause;
        throw new DecodeError(`The content is not YAML that can be read: ${toError(cause).message.slice(0, 500)}`, {
          cause,
        });
      }
    },
  });
}

function describeSize(bytes: number): string {
  return `it has ${bytes} bytes, more than the ${maxYamlBytes} that YAML may have. Use json or msgpack for large data.`;
}
