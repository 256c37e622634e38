import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { burn, hang, stamp, type Work } from './work.js';

type WorkJob = { [Name in keyof Work]: Pick<Job<Work[Name]>, 'data'> & { readonly name: Name } }[keyof Work];

/** The tasks for BullMQ: called in the worker's process, or loaded by its sandboxes. */
// oxlint-disable-next-line import/no-default-export -- BullMQ calls what a module exports as default
export default async function processor(job: WorkJob): Promise<number | undefined> {
  switch (job.name) {
    case 'add':
    case 'forget':
    case 'limited':
      return job.data[0] + job.data[1];
    case 'wait':
      await sleep(job.data[0]);
      return undefined;
    case 'burn':
      burn(job.data[0]);
      return undefined;
    case 'stamp':
      return stamp(job.data[0]);
    case 'hang':
      return hang(job.data[0]);
  }
}
