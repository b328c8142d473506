// What the phone keeps of the wallet, in a database of this site: it outlives every version of the service worker.
// A phone may forbid it (private windows), be full, or clear it: then everything works as long as there is a network.
const NAME = "rayon";
const STORE = "wallet";
const KEY = "now";

function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = asked.onblocked = () => failed(asked.error);
  });
}

async function withStore(mode, act) {
  const base = await open();
  try {
    return await new Promise((done, failed) => {
      const work = base.transaction(STORE, mode);
      const asked = act(work.objectStore(STORE));
      work.oncomplete = () => done(asked.result);
      work.onerror = work.onabort = () => failed(work.error);
    });
  } finally {
    base.close();
  }
}

// Whether the phone keeps it.
export async function keep(wallet) {
  try {
    await withStore("readwrite", (store) => store.put(wallet, KEY));
    return true;
  } catch {
    return false;
  }
}

// What was kept last, null where there is nothing.
export async function kept() {
  try {
    return (await withStore("readonly", (store) => store.get(KEY))) ?? null;
  } catch {
    return null;
  }
}

export async function forget() {
  try {
    await withStore("readwrite", (store) => store.delete(KEY));
  } catch {
    // nothing could be kept, so nothing is left
  }
}
