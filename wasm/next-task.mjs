// How long work is cut into pieces.

/** What was done so far and what comes next are each a task of their own: a page answers, and signals arrive, in between. */
export const nextTask = () => new Promise((resolve) => { setTimeout(resolve); });
