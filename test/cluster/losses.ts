/** Why a change of a test costs a new set. */
export const lossesByChanges: readonly RegExp[] = [
  /vinyl space '.*' was (truncated|dropped|given another primary key)/,
  /more than \d+ changes/,
  /foreign key '.*' of space '.*' refers to a field or an index that is not there/,
  // 3.x removes the directory of a dropped vinyl index in the background.
  /the undo failed: failed to rename '.*\.(index|run)\.inprogress'/,
  // A constraint does not refuse the rows that are there when it is made, but refuses them when they come back.
  /the undo failed: Check constraint '.*' failed for field /,
  // A transaction that is rolled back leaves its sequences advanced on the leader only. If somebody tries to advance them
  // on a replica, too, the values differ.
  /the values of its sequences differ/,
  // 2.6 stops the replication of a transaction that also truncates a temporary space.
  /replication does not support interleaving transactions/,
  /trigger '.*' of event '.*' is a function of the schema, and cannot be restored/,
]

/** Why a fault of a test costs a new set, besides the changes. */
export const lossesByFaults: readonly RegExp[] = [
  // Several members of the set, or one whose new process would lack the changes of hooks.
  /^(instance '[^']*'(, )?)+ was stopped, killed or restarted(, and .*)?$/,
  // The same in two steps: the new process lacks the changes of hooks, and the others cannot undo these without it.
  /^instance '[^']*' has begun in this suite(, and .*)?$/,
  // The application of the new process needs a space that hooks have dropped or renamed.
  /its replacement failed: .*process-state\.lua:\d+: attempt to index/,
  // A trigger of the application writes, and its member only follows by now.
  /its replication from member \d+ has stopped: Can't modify data/,
  // The same, and all others refuse what this member has done.
  /^the other members refuse the changes of instance '[^']*': /,
  // Two members were writable, and did what does not fit together.
  /its replication from member \d+ has stopped: (Duplicate key exists|Split-Brain discovered)/,
]

export const isAmong = (losses: readonly RegExp[], reason: string): boolean => losses.some(loss => loss.test(reason))
