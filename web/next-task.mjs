// How the page's own work is cut into pieces.

/** What was done so far and what comes next are each shorter than one long task: the page answers in between. */
export const nextTask = () => new Promise((resolve) => { setTimeout(resolve); });
