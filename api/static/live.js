// The live stream. EventSource reconnects by itself and says where it was; a server that went away is tried for ever.
const RETRY_MS = 3000;

export function live({ path, onVoucher, onChange, onState, onGone }) {
  let source = null;
  const open = () => {
    source = new EventSource(path);
    source.addEventListener("open", () => onState("live"));
    source.addEventListener("voucher", (event) => onVoucher(JSON.parse(event.data)));
    source.addEventListener("change", (event) => onChange(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      onState("offline");
      if (source.readyState !== EventSource.CLOSED) return; // it is reconnecting
      setTimeout(async () => {
        if (await signedOut()) onGone();
        else open();
      }, RETRY_MS);
    });
  };
  open();
  addEventListener("offline", () => onState("offline"));
  addEventListener("online", () => {
    source.close();
    open();
  });
}

async function signedOut() {
  try {
    return (await fetch("/v1/me", { cache: "no-store" })).status === 401;
  } catch {
    return false; // no network: ask again later
  }
}
