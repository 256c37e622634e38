// The program of the thread that `watchParent` starts. Its argument is the process id of the worker.

/** How often it is looked whether the worker is there. */
const everyMs = 500;

/** Whoever loses its parent gets another one; on Windows it keeps the number of one that is gone. */
function isGone(parent: number): boolean {
  if (process.platform !== 'win32') return process.ppid !== parent;
  try {
    return !process.kill(parent, 0);
  } catch {
    return true;
  }
}

const parent = Number(process.argv[2]);
setInterval(() => {
  if (isGone(parent)) process.kill(process.pid, 'SIGKILL');
}, everyMs);
