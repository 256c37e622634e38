import { describe, expect, test } from 'vitest';
import { nodeFormat, nodeName } from './node-name.js';

describe('Node names', () => {
  test('celery and the host by default [WK-131]', () => {
    expect(nodeName(undefined, 'box.example.com')).toBe('celery@box.example.com');
  });

  test('a missing part is completed: a name without @ is a host, as in Celery [CL-029]', () => {
    expect(nodeName('w1@', 'box')).toBe('w1@box');
    expect(nodeName('w1', 'box')).toBe('celery@w1');
  });

  test('%h is the host, %n its first part, %d its domain, %% a percent sign [CL-029]', () => {
    expect(nodeName('w1@%h', 'box.example.com')).toBe('w1@box.example.com');
    expect(nodeName('%n@%d', 'box.example.com')).toBe('box@example.com');
    expect(nodeName('100%%@x%I', 'box')).toBe('100%@x');
    expect(nodeName('w%i@x', 'box')).toBe('w0@x');
  });
});

describe('Names of files', () => {
  test.each([
    ['/var/%n.state', '/var/w1.state'],
    ['%p', 'w1@host.example.org'],
    ['%h-%d-%%', 'host.example.org-example.org-%'],
    ['/var/log/%n%I.log', '/var/log/w1.log'],
    ['%i', '0'],
    ['%x', '%x'],
  ])('%s has the parts of the node name that it says [WK-126]', (given, expected) => {
    expect(nodeFormat(given, 'w1@host.example.org')).toBe(expected);
  });
});
