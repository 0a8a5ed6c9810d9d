// What is asked of the model, one thing after the other.

let last = Promise.resolve();

// Begins once all before it has ended.
export function queued(work) {
  last = last.then(work);
  return last;
}

// Resolves once all that was asked until now is kept.
export const answered = () => last;
