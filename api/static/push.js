// Push from the page: asked for only after a press of a button that says what it is for. The worker shows what comes.
import { call } from "./http.js";

const PATIENCE_MS = 20_000; // a browser that cannot reach its push service never answers by itself

// What the page can say: "on", "off" (nobody has pressed yet), "denied" (in the browser's settings), "home_screen" (iPhone:
// add to the Home Screen first), "unsupported", "not_offered" (the site has no push).
export async function pushState() {
  if (!supported()) return onIPhone() && !standalone() ? "home_screen" : "unsupported";
  if (Notification.permission === "denied") return "denied";
  const offer = await call("GET", "/v1/me/push");
  if (!offer.offered) return "not_offered";
  const worker = await navigator.serviceWorker.getRegistration();
  const made = worker && (await worker.pushManager.getSubscription());
  if (!made || !offer.agreed || Notification.permission !== "granted") return "off";
  await keep(worker, made, offer.public_key);
  return "on";
}

// The button is there only while there is something to ask. Pressing it, beside the words that explain it, is the consent
// to offers by push; the browser asks for its own leave then. `onState` is told what came of it: also "busy" while the
// browser is at it, and "late" where it did not answer in time.
export async function offerPush(button, onState = () => {}) {
  const say = (state) => {
    button.hidden = !["off", "busy", "late", "failed"].includes(state);
    button.setAttribute("aria-busy", String(state === "busy"));
    onState(state);
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    say("busy");
    say(await ask().catch((failure) => (failure instanceof Late ? "late" : "failed")));
    button.disabled = false;
  });
  say(await pushState().catch(() => "not_offered"));
}

// Everything was erased: what this browser shows of it goes, and nothing more comes.
export async function endPush() {
  const worker = await navigator.serviceWorker?.getRegistration();
  if (!worker || !supported()) return;
  for (const shown of await worker.getNotifications()) shown.close();
  await (await worker.pushManager.getSubscription())?.unsubscribe();
}

async function ask() {
  if (!supported()) return onIPhone() && !standalone() ? "home_screen" : "unsupported";
  if ((await Notification.requestPermission()) !== "granted") return "denied"; // first: the press is forgotten soon
  const offer = await call("GET", "/v1/me/push");
  if (!offer.offered) return "not_offered";
  if (!offer.agreed) {
    const yes = { purpose: "location_offers", channel: "push", granted: true };
    await call("PUT", "/v1/me/consents", { consents: [yes] });
  }
  const worker = await inTime(navigator.serviceWorker.ready);
  await keep(worker, await worker.pushManager.getSubscription(), offer.public_key);
  return "on";
}

// Tells the server of this browser's subscription; makes a new one where the server has another key by now.
async function keep(worker, made, publicKey) {
  let replaces = null;
  if (made && packed(made.options.applicationServerKey) !== publicKey) {
    replaces = made.endpoint;
    await made.unsubscribe();
    made = null;
  }
  made ??= await inTime(worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }));
  await call("PUT", "/v1/me/push", { ...made.toJSON(), public_key: publicKey, replaces });
}

class Late extends Error {}

// The time runs only while the browser works by itself, not while a person reads its question.
function inTime(work) {
  let timer;
  const late = new Promise((_, refuse) => (timer = setTimeout(() => refuse(new Late()), PATIENCE_MS)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function packed(buffer) {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const supported = () => "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
const standalone = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
const onIPhone = () => /iPhone|iPad/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
