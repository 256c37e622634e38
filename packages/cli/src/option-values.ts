import { InvalidArgumentError } from 'commander';
import { runsPerSecond } from '@ctq/core';
import { type LogLevel, toError } from '@ctq/runtime';

// Parsers of option values; what they throw becomes a usage error, status 2.

/** CL-010. */
export function commaList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** CL-011 (celery 5.6 bin/base.py, JsonArray and JsonObject). */
export function jsonArray(text: string): readonly unknown[] {
  const value = json(text);
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError(`${text} was not an array`);
}

export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = json(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError(`${text} was not an object`);
}

export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`${text} is not a whole number from ${min}.`);
  };
}

/** CL-051: the larger one is the most, whatever the order; one alone is the most. */
export function autoscaleRange(text: string): { readonly min: number; readonly max: number } {
  const counts = commaList(text).map(wholeNumber(0));
  const [one = 0, other = 0] = counts;
  const max = Math.max(one, other);
  if (counts.length < 1 || counts.length > 2 || max < 1)
    throw new InvalidArgumentError(`${text} is not max,min: two whole numbers, such as 10,3.`);
  return { min: Math.min(one, other), max };
}

export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`${text} is not a number of seconds.`);
}

/** Seconds between two things: not none. */
export function interval(text: string): number {
  const value = seconds(text);
  if (value > 0) return value;
  throw new InvalidArgumentError(`${text} is no time between two.`);
}

/** `10`, `10/s`, `10/m`, `10/h`. */
export function rate(text: string): string {
  try {
    runsPerSecond(text, 'The rate');
    return text;
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}

/** ISO 8601. */
export function instant(text: string): Date {
  const at = new Date(text);
  if (/^\d{4}-\d\d/.test(text) && !Number.isNaN(at.getTime())) return at;
  throw new InvalidArgumentError(`${text} is not an ISO 8601 time, such as 2030-01-02T03:04:05Z.`);
}

export function instantOrSeconds(text: string): Date | number {
  return Number.isNaN(Number(text)) ? instant(text) : seconds(text);
}

const levels: Readonly<Record<string, LogLevel>> = {
  ...{ DEBUG: 'debug', INFO: 'info', WARNING: 'warn', WARN: 'warn', ERROR: 'error', CRITICAL: 'fatal', FATAL: 'fatal' },
};

/** CL-012. */
export function logLevel(text: string): LogLevel {
  const level = levels[text.toUpperCase()];
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`${text} is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL, FATAL.`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`${text} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
