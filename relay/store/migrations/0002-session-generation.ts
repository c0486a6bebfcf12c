/**
 * Which generation of its device's token a session came with; null for one of a sign-in. A session's first use shows that the answer which carried both
 * has arrived, and that ends the grace of the token before.
 */
export const sql = 'alter table sessions add column generation integer';
