// An unknown setting
// It is an error at run time as well, with the nearest name.
import { Ctq } from '@ctq/core';

new Ctq('shop', { taskAcksLate: false, task_track_started: true });
// mistake
new Ctq('shop', { taskAckLate: false });
