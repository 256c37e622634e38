import { type BrokerName, brokerNames } from '../brokers.js';
import { valueKinds } from '../values.js';
import type { WorkflowRow } from '../workflows/placement.js';
import { failingWorkflows } from '../workflows/workflow-errors.js';
import { stepsAndParents, stepsAndTree, workflowShapes } from '../workflows/workflow-shapes.js';

/** Who calls and who executes. `both`: members of one workflow are executed by workers of either language. */
export type Direction =
  | 'python → ctq'
  | 'ctq → python'
  | 'python → both'
  | 'ctq → both'
  | 'kombu → ctq'
  | 'ctq → kombu'
  | 'python, ctq → both';

/** Rows of one kind. Each has to be shown by a test in every direction of its section, or says why not. */
export interface FeatureSection {
  readonly title: string;
  /** The brokers over each of which it has to be shown. */
  readonly over: readonly BrokerName[];
  /** Heads of the columns. */
  readonly columns: Readonly<Partial<Record<Direction, string>>>;
  readonly features: Readonly<Record<string, Feature>>;
}

/** A row: what is shown, or that with reasons for the directions in which there is nothing to show, or with brokers of its own. */
export type Feature =
  | string
  | {
      readonly title: string;
      readonly except?: Partial<Record<Direction, string>>;
      readonly over?: readonly BrokerName[];
    };

/** What is shown for pairs of a row and a column. */
export interface FeatureGrid {
  readonly title: string;
  readonly over: readonly BrokerName[];
  readonly rowsOf: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** The name of a pair in titles of tests. */
  keyOf(row: string, column: string): string;
  /** The directions in which it has to be shown, or why there is nothing to show. */
  cell(row: string, column: string): readonly Direction[] | string;
  readonly notes: readonly string[];
}

const calls = { 'python → ctq': 'Python client, ctq worker', 'ctq → python': 'ctq client, Python worker' } as const;
const workflows = {
  ...{ 'python → ctq': 'Python client, ctq workers', 'ctq → python': 'ctq client, Python workers' },
  ...{ 'python → both': 'Python client, workers of both', 'ctq → both': 'ctq client, workers of both' },
} as const;
/** Rows of workflows, which are called what they are. */
const featuresOf = (rows: readonly WorkflowRow[]): Readonly<Record<string, Feature>> =>
  Object.fromEntries(
    rows.map(({ name, over, except = {} }) => [name, { title: name, except, ...(over === undefined ? {} : { over }) }]),
  );
const messages = { 'kombu → ctq': 'published by Kombu', 'ctq → kombu': 'published by ctq' } as const;

/** What the table has a row for, by the name that titles of tests give it. */
export const featureSections: readonly FeatureSection[] = [
  {
    title: 'Calls',
    over: brokerNames,
    columns: calls,
    features: {
      args: 'positional arguments',
      kwargs: 'keyword arguments',
      schema: {
        title: 'keyword arguments of a task with a schema, checked before it runs',
        except: { 'ctq → python': 'schemas are of ctq' },
      },
      'wrong arguments': 'arguments that the task does not take: `TypeError`',
      countdown: '`countdown`',
      eta: '`eta`: an instant',
      expires: '`expires`: a duration, an instant; in time the task runs',
      expired: 'an expired task is not run, its result is REVOKED',
      priority: '`priority`',
      queue: '`queue`',
      headers: '`headers`',
      shadow: '`shadow`, `argsrepr`, `kwargsrepr`',
      'reply to': '`reply_to`, correlation id',
      limits: '`time_limit`, `soft_time_limit`',
      'limit reached': {
        title: 'a task that reaches its limit: `TimeLimitExceeded`',
        except: { 'ctq → python': "needs Celery's prefork pool" },
      },
      'task id': '`task_id` of the caller',
      stamps: 'stamps',
      'stamps of links': 'stamps of what is linked to a task',
      link: '`link`: callbacks',
      'old errbacks': '`link_error` with the id of the failed task',
      'new errbacks': {
        title: '`link_error` with request, exception and traceback',
        except: { 'python → ctq': 'a worker sends what it does not have itself, with the id: as Celery' },
      },
      'ignore result': '`ignore_result`',
      parents: 'root, parent and children of what a task sends',
      'protocol 1': 'message protocol 1',
      'large arguments': 'arguments and results of 1 MB',
    },
  },
  {
    title: 'Retries',
    over: brokerNames,
    columns: calls,
    features: {
      retry: 'a retry with a countdown: the state RETRY and its error, then the value',
      'retries used up': 'retries used up: `MaxRetriesExceededError`, or the error of the last attempt',
      'retry elsewhere': 'the next attempt is executed by a worker of the other language',
    },
  },
  {
    title: 'States and results',
    over: brokerNames,
    columns: calls,
    features: {
      result: 'the value',
      started: 'STARTED, with host name and process id',
      'custom state': "states of the task's own, with meta",
      'final custom state': "a state of the task's own that stays: it ended with `Ignore`",
      watch: 'states as they come, without asking again',
      rejected: 'a rejected task has no result',
      'extended result': '`result_extended`: name, arguments, worker, retries, queue',
      'extended stamps': '`result_extended`: stamps',
      children: 'children; `collect()`',
      replies: '`rpc://`: values and errors as messages to the caller',
      forget: '`forget()`',
      'saved group': 'a group kept by the one is found by the other',
      tuple: 'a result made from `as_tuple()` of the other',
      abort: 'abortable tasks',
      'stored revoked': {
        title: 'a task that was revoked: `TaskRevokedError`',
        except: { 'python → ctq': 'below: `revoke`' },
      },
    },
  },
  {
    title: 'Errors',
    over: brokerNames,
    columns: calls,
    features: {
      'built-in errors': 'built-in errors, with message and arguments',
      'own errors': 'an error class that only the program has',
      traceback: 'the traceback',
      'celery errors': 'errors of Celery, Kombu and billiard: the same class on both sides',
      'not registered': 'a task that the worker does not have: `NotRegistered`',
      'unencodable result': 'a result that cannot be encoded: `EncodeError`',
      'odd error arguments': 'errors whose arguments cannot be encoded, or are many',
      'unicode errors': 'messages in any script',
    },
  },
  {
    title: 'Workflows',
    over: brokerNames,
    columns: workflows,
    features: featuresOf([...workflowShapes, stepsAndParents, stepsAndTree]),
  },
  {
    title: 'Errors in workflows: states, errors and errbacks',
    over: brokerNames,
    columns: workflows,
    features: featuresOf(failingWorkflows),
  },
  {
    title: 'Remote control and events',
    over: brokerNames,
    columns: {
      'python → ctq': 'Python client or monitor, ctq worker',
      'ctq → python': 'ctq client or monitor, Python worker',
    },
    features: {
      'inspect commands': '`inspect`: the answers of workers, field by field',
      'control commands': '`control`: the answers of workers, destinations and patterns',
      'command line': '`celery inspect`, `celery control`, `celery status`; `ctq inspect`',
      revoke: 'a task that was revoked is not run',
      'events of tasks': "events of tasks, and the state that comes of them: Celery's and ctq's",
      'events of workers': 'heartbeats, and the state that comes of them',
      'event dump': { title: '`celery events --dump`', except: { 'ctq → python': 'as events of tasks' } },
      flower: { title: 'Flower 2: pages, HTTP API, metrics', except: { 'ctq → python': 'Flower is of Python' } },
    },
  },
  {
    title: 'Workers side by side',
    over: brokerNames,
    columns: { 'python, ctq → both': 'sent by both, executed by both' },
    features: {
      'shared queue': 'one queue consumed by workers of both: each task once',
      'killed workers': 'tasks of a killed worker are executed by the other language',
      'held tasks': { title: 'long tasks are left alone by the other language', over: ['Redis'] },
      'parked tasks': 'tasks that wait for their ETA outlive the last ctq worker',
      broadcast: 'a broadcast reaches workers of both, once each',
    },
  },
  {
    title: 'Delays in the broker: quorum queues on topic exchanges',
    over: ['RabbitMQ'],
    columns: { ...calls, 'python, ctq → both': 'sent by both, executed by both' },
    features: {
      'native delay': 'a task with a countdown waits in the exchanges of `celery_delayed_…`, and is executed once',
      'native retry': {
        title: 'so does a retry',
        except: { 'python, ctq → both': 'the worker that retries is one of them' },
      },
    },
  },
  {
    title: 'Messages without Celery: Kombu and `@ctq/messaging`',
    over: brokerNames,
    columns: messages,
    features: {
      'raw bodies': 'text and bytes without a serializer',
      'priority order': 'one order of priorities',
      headers: {
        title: 'headers: integers of 64 bits, floats, instants, decimals, nested tables and lists',
        over: ['RabbitMQ'],
      },
      direct: 'direct exchanges',
      topic: 'topic exchanges',
      fanout: 'fan-out exchanges',
      'broadcast queue': { title: 'Broadcast queues', except: { 'kombu → ctq': 'as fan-out exchanges' } },
    },
  },
];

export const compressions = ['none', 'gzip', 'bzip2', 'lzma', 'brotli', 'zstd'] as const;

const serializers = ['json', 'yaml', 'msgpack', 'pickle'];
/** ctq reads pickles, and writes none. */
const directionsOf = (serializer: string): readonly Direction[] =>
  serializer === 'pickle' ? ['python → ctq'] : ['python → ctq', 'ctq → python'];

export const featureGrids: readonly FeatureGrid[] = [
  {
    title: 'Values: arguments and results',
    // A body is the same bytes, whatever carries it.
    over: ['Redis'],
    rowsOf: '',
    rows: valueKinds.map(({ title }) => title),
    columns: serializers,
    keyOf: (kind, serializer) => `${kind.replaceAll(', ', ' and ')} in ${serializer}`,
    cell: (kind, serializer) =>
      valueKinds.find(({ title }) => title === kind)?.serializers.includes(serializer) === true
        ? directionsOf(serializer)
        : 'not carried',
    notes: [
      'Arguments in the serializer, results in JSON; ✓ is both directions. What Kombu does not write in a serializer is *not carried*.',
      'Pickles are read where the app is given the reader ([formats](../guides/formats.md#pickle)), and never written: their column is Python client, ctq worker.',
    ],
  },
  {
    title: 'Serializers and compressions',
    over: brokerNames,
    rowsOf: 'compression',
    rows: compressions,
    columns: serializers,
    keyOf: (compression, serializer) => `${serializer} with ${compression}`,
    cell: (_, serializer) => directionsOf(serializer),
    notes: [
      'Every value that the serializer carries, as above. Kombu calls gzip also `zlib`, bzip2 `bzip`, lzma `xz`, zstd `zstandard`.',
    ],
  },
];
