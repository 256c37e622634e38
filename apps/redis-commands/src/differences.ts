/**
 * Where ctq means to send something else than Celery and Kombu. `*` stands for anything. A step that only one side takes has to be in its list here, and
 * each line has to be needed by some capture.
 */
export interface Difference {
  readonly celery: readonly string[];
  readonly ctq: readonly string[];
  readonly why: string;
}

export const differences: readonly Difference[] = [
  {
    celery: ['BRPOP *'],
    ctq: ['RPOP * <n>', 'LLEN celery*', 'ZRANGE unacked_index 0 0 WITHSCORES', 'SCARD _kombu.binding.*'],
    why: "Many messages are taken at once and booked in the same step, so that none is ever in nobody's hands. Who waits looks once and is told of arrivals (client tracking), instead of sending a command every second; the same look shows whether something has to be swept.",
  },
  {
    celery: [],
    ctq: ['* *ctq.*'],
    why: "Keys of ctq's own, of which Kombu takes no notice: leases, parked messages, declarations.",
  },
  {
    celery: [],
    ctq: ['HGET unacked <id>', 'HEXISTS unacked <id>'],
    why: 'A message with an ETA waits on the server, outside of every prefetch, and is booked again when it is due.',
  },
  {
    celery: [
      'SET *unacked_mutex <token> NX PX 300000',
      'GET *unacked_mutex',
      'DEL *unacked_mutex',
      'ZREVRANGEBYSCORE *unacked_index <time> 0 WITHSCORES',
      'HGET unacked <id>',
    ],
    ctq: [
      'SET unacked_mutex <id> PX 300000 NX',
      'ZREVRANGEBYSCORE *unacked_index <time> -inf LIMIT 0 <n>',
      'HMGET unacked <id>',
      'SMEMBERS _kombu.binding.celery',
    ],
    why: 'The lock is taken only when there is something to return, and messages are returned in portions.',
  },
  {
    celery: [],
    ctq: [
      'SADD *_kombu.binding_permanent.*',
      'SREM *_kombu.binding_permanent.*',
      'ZADD _kombu.binding_deadlines GT <time in ms> *',
      'SISMEMBER *_kombu.binding.*',
    ],
    why: 'Kombu 5.7 sweeps tables of bindings after their deadline unless the set of lasting ones has members; the captures are older than that. Workers see to it that their bindings are there.',
  },
  {
    celery: ['SADD _kombu.binding.celery celery\\x06\\x16\\x06\\x16celery'],
    ctq: [],
    why: 'Once for each connection that publishes. In Python every process of a worker has one.',
  },
  {
    celery: [],
    ctq: ['SMEMBERS *_kombu.binding.*'],
    why: 'Where messages of an exchange go is read for a whole batch, whatever the type of the exchange; Kombu does so for topic exchanges, and keeps the type in the memory of its process.',
  },
  {
    celery: ['SETEX celery-task-meta-<id> 86400 <document>'],
    ctq: ['SET celery-task-meta-<id> <document> PX 86400000 NX', 'SET celery-task-meta-<id> <document> PX 86400000'],
    why: 'The same, to the millisecond, and first without a look at what is there: only where there is something it may be a SUCCESS, which stays.',
  },
  {
    celery: ['GET celery-task-meta-<id>'],
    ctq: ['MGET celery-task-meta-<id>*'],
    why: 'All results that are looked for at a time are one command.',
  },
  {
    celery: ['UNSUBSCRIBE celery-task-meta-<id>'],
    ctq: ['UNSUBSCRIBE celery-task-meta-<id>'],
    why: 'As soon as a result is there; in Python when the garbage collector finds it.',
  },
  {
    celery: ['SETEX celery-taskset-meta-<id>.s 86400 *', 'PUBLISH celery-taskset-meta-<id>.s *'],
    ctq: ['SET celery-taskset-meta-<id>.s * EX 86400'],
    why: 'Nobody listens for the size of a chord.',
  },
  {
    celery: ['GET celery-taskset-meta-<id>', 'ZRANGE celery-taskset-meta-<id>.j 0 -1'],
    ctq: ['ZRANGE celery-taskset-meta-<id>.j 0 -1 WITHSCORES'],
    why: 'Groups inside of a header are flattened, so that there is no structure to restore.',
  },
  {
    celery: ['DEL celery-taskset-meta-<id>.j', 'DEL celery-taskset-meta-<id>.t', 'DEL celery-taskset-meta-<id>.s'],
    ctq: ['DEL celery-taskset-meta-<id>.j celery-taskset-meta-<id>.t celery-taskset-meta-<id>.s'],
    why: 'One command.',
  },
  {
    celery: [
      'PUBLISH /<db>.celeryev/*',
      'PSUBSCRIBE /<db>.celery*',
      'UNSUBSCRIBE /<db>.celery*',
      '* _kombu.binding.celeryev *',
      '* _kombu.binding.*celery.pidbox *',
      'PUBLISH /<db>.celery.pidbox <envelope>',
      'LLEN *.pidbox*',
      'LLEN celeryev.*',
      'DEL *.pidbox*',
      'DEL celeryev.*',
    ],
    ctq: [],
    why: 'The worker of ctq that is compared listens to no commands and sends no events: heartbeats and their kind come at times of their own.',
  },
  {
    celery: ['HGETALL unacked', 'ZRANGE unacked_index 0 -1 WITHSCORES'],
    ctq: [],
    why: 'Whoever made the captures had a look.',
  },
];
