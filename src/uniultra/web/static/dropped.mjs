// What was dropped on the page: files, and folders with the files in them.

// Files in their order, a folder's by their names; not those of folders within it, as `uniultra open` takes a folder.
export async function filesIn({ items, files }) {
  const things = [...items].filter(({ kind }) => kind === "file"),
    entries = things.map((item) => item.webkitGetAsEntry?.()); // at once: after the event they are gone
  const plain = [...files];
  const lists = entries.map((entry, at) => (entry?.isDirectory ? inFolder(entry) : plain[at]));
  return (await Promise.all(lists)).flat().filter(Boolean);
}

async function inFolder(folder) {
  const entries = [],
    reader = folder.createReader();
  for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; ) entries.push(...some);
  const own = entries.filter(({ isFile, name }) => isFile && !name.startsWith("."));
  own.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  return Promise.all(own.map((entry) => new Promise((done, failed) => entry.file(done, failed))));
}
