// What a person made of each file, kept in this browser (IndexedDB): a document and its revision by the file's id.

const NAME = "uniultra",
  DOCS = "docs";
const NOTHING = { revision: 0, doc: null };

let opening = null;

const base = () => (opening ??= begun().catch((error) => {
  opening = null;
  throw error;
}));

async function begun() {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(DOCS);
  return answered(asked);
}

const answered = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
    request.onblocked = () => failed(new Error("another tab holds an older version of this page; close it"));
  });

// Of the first reader, whose name is "", by the file's id alone.
const keyOf = (id, reader) => (reader ? [reader, id] : id);

// {revision, doc}; revision 0 and null of a file that nothing is kept of.
export async function kept(id, reader) {
  const store = (await base()).transaction(DOCS).objectStore(DOCS);
  return (await answered(store.get(keyOf(id, reader)))) ?? NOTHING;
}

// The second readers: [{name, done}], how many files each accepted.
export async function readersOf() {
  const store = (await base()).transaction(DOCS).objectStore(DOCS),
    theirs = IDBKeyRange.lowerBound([]); // lists come after texts
  const [keys, kept] = await Promise.all([answered(store.getAllKeys(theirs)), answered(store.getAll(theirs))]);
  const names = [...new Set(keys.map(([name]) => name))];
  return names.map((name) => ({ name, done: kept.filter(({ doc }, i) => keys[i][0] === name && doc.done).length }));
}

// The new revision, once it is kept; null where another tab changed the document since `revision`.
export async function keep(id, reader, revision, doc) {
  const change = (await base()).transaction(DOCS, "readwrite", { durability: "strict" }),
    store = change.objectStore(DOCS);
  const whole = new Promise((done, failed) => {
    change.oncomplete = done;
    change.onabort = () => failed(change.error ?? new Error("this browser kept nothing"));
  });
  const before = (await answered(store.get(keyOf(id, reader)))) ?? NOTHING;
  if (before.revision !== revision) return null;
  store.put({ revision: revision + 1, doc }, keyOf(id, reader));
  await whole;
  return revision + 1;
}
