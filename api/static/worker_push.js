// Push in the service worker: a coupon is shown only after the server has said that it still may be, and told back when
// it is on the screen. Loaded by the worker with importScripts; nothing here keeps anything.
(() => {
  const ACK = "/v1/push/ack";
  const ASK_MS = 4000; // longer than this the phone is as good as offline

  async function tell(token, event) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ASK_MS);
    try {
      const answer = await fetch(ACK, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ token, event }),
        credentials: "omit",
        cache: "no-store",
        signal: stop.signal,
      });
      return answer.ok && (await answer.json()).relevant === true;
    } catch {
      return false; // nobody to ask: better the shop's page than an offer that may be over
    } finally {
      clearTimeout(timer);
    }
  }

  function read(event) {
    try {
      const said = event.data.json();
      return said && typeof said === "object" ? said : null;
    } catch {
      return null;
    }
  }

  async function close(tag) {
    for (const shown of await self.registration.getNotifications({ tag })) shown.close();
  }

  function show(said, title, body, url, token) {
    return self.registration.showNotification(title, {
      body,
      tag: said.tag,
      lang: said.lang,
      icon: "/static/mark.svg",
      renotify: Boolean(token),
      data: { url, token },
    });
  }

  async function receive(event) {
    const said = read(event);
    if (!said) return;
    if (said.kind === "withdrawn") return close(said.tag);
    if (said.kind === "pickup" || said.kind === "told") return show(said, said.title, said.body, said.url, null);
    if (said.kind !== "coupon") return; // of a server that is newer than this worker
    if (await tell(said.token, "showing")) {
      await show(said, said.title, said.body, said.url, said.token);
      await tell(said.token, "shown");
    } else {
      await show(said, said.notice.title, said.notice.body, said.notice.url, null);
    }
  }

  async function open(notification) {
    const { url, token } = notification.data || {};
    notification.close();
    const address = new URL(url || "/me", self.location.origin);
    if (address.origin !== self.location.origin) return;
    if (token) tell(token, "opened"); // the page opens meanwhile: a tap must not wait for the network
    for (const client of await self.clients.matchAll({ type: "window" })) {
      if (new URL(client.url).pathname !== address.pathname) continue;
      await client.focus();
      await client.navigate(address.href).catch(() => {}); // a page of an older worker stays as it is, in front
      return;
    }
    await self.clients.openWindow(address.href);
  }

  self.addEventListener("push", (event) => event.waitUntil(receive(event)));
  self.addEventListener("notificationclick", (event) => event.waitUntil(open(event.notification)));
  self.addEventListener("pushsubscriptionchange", (event) =>
    event.waitUntil(
      (async () => {
        const old = event.oldSubscription;
        const offer = await (await fetch("/v1/me/push", { cache: "no-store" })).json();
        if (!offer.offered || !offer.agreed) return;
        const made = await self.registration.pushManager.subscribe({
          userVisibleOnly: true,
          applicationServerKey: offer.public_key,
        });
        await fetch("/v1/me/push", {
          method: "PUT",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ ...made.toJSON(), public_key: offer.public_key, replaces: old ? old.endpoint : null }),
        });
      })(),
    ),
  );
})();
