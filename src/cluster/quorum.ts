/** The number of members that an election needs. */
export const quorumOf = (members: number): number => Math.floor(members / 2) + 1

/** True if a member and those that it reaches are too few for an election. */
export const lacksQuorum = (reached: number, others: number): boolean => reached + 1 < quorumOf(others + 1)
