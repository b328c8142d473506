// The shopper's page: coupons as they come, their countdown, points, choices. Without a network: what the phone has kept.
import { call, Refusal } from "./http.js";
import { couponCard, pastLine } from "./coupon.js";
import * as clock from "./clock.js";
import { mayPush, offerInstall, startWorker } from "./install.js";
import { forget, keep, kept } from "./kept.js";
import { live } from "./live.js";
import { showOffers } from "./offers.js";
import { showRecognition } from "./recognised.js";
import { showPickups } from "./pickups.js";
import { showAsked, showStock } from "./stock.js";
import { listenForPoints, showPoints } from "./points.js";
import { offerPush } from "./push.js";
import { drawQuiet, lastQuiet, listenForQuiet, mute, showQuiet } from "./quiet.js";
import { phoneSheet, shareLinks } from "./share.js";
import { counted, fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
let store = document.querySelector("main").dataset.store;
const shared = "shared" in document.querySelector("main").dataset; // others use this browser, too: it keeps nothing
let name = by("store_name").textContent;
const cards = new Map();
const unshown = new Map(); // delivery id -> voucher id: not acknowledged before the page is really looked at
const fromPhone = new Set(); // cards of what the phone had kept, until the server has said them anew
const paused = document.querySelector("main").dataset.paused !== undefined;
let me = null; // as the server said last
let reached = false; // whether the server answered when it was asked last
let offersOn = true;

function toast(text) {
  by("toast").textContent = text;
  by("toast").hidden = false;
  setTimeout(() => (by("toast").hidden = true), 3500);
}

const attempt = (work) => work().catch(() => toast(t.me.failed));

function place(voucher, fresh) {
  if (cards.has(voucher.voucher_id)) return;
  const card = couponCard(voucher, { share, less, mute: silence, way, here, teaches, later });
  if (!card.tick(clock.now())) return;
  if (fresh) card.classList.add("fresh");
  cards.set(voucher.voucher_id, card);
  by("coupons").prepend(card);
  if (fresh) tellStock(card);
  arrange();
}

const showMyOrders = () => showAsked(by("asked"));

function tellStock(card) {
  const { store: where, goods } = card.voucher;
  if (!goods?.sku || card.told) return;
  card.told = true;
  showStock(card.stock, { store: where, sku: goods.sku }, showMyOrders).catch(() => (card.told = false));
}

// Whatever needs the server waits for it; and while everything is paused, what would do nothing is not offered.
const NEEDS_SERVER = `.share, .later, .here, [data-fewer], [data-mute], [data-offer], #muted button, #quiet_form *, #consents input,
  #phone_code button, #delete, #push_now, #recognise`;
const RESTS = ".here, [data-fewer=mute], [data-mute], [data-offer], #quiet_form *, #phone_code button, #push_now";

function enable() {
  for (const part of document.querySelectorAll(NEEDS_SERVER)) part.disabled = !reached || (paused && part.matches(RESTS));
}

function arrange() {
  enable();
  by("empty").hidden = cards.size > 0;
  by("empty_text").textContent = offersOn ? t.me.empty_text : t.me.empty_off;
  by("empty_text").hidden = paused;
  by("earlier").hidden = by("past").children.length === 0;
}

// ------------------------------------------------------------------------------------------------ what the phone keeps

async function keepAll() {
  if (shared) return forget();
  const items = [...cards.values()].map((card) => card.voucher);
  const safe = await keep({ store, name, me, items, lang, quiet: lastQuiet(), clock: clock.state() });
  by("not_kept").hidden = safe;
}

function showKept(wallet) {
  if (wallet.clock) clock.restore(wallet.clock);
  ({ store, name } = wallet);
  by("store_name").textContent = name;
  for (const voucher of wallet.items) {
    place(voucher, false);
    if (cards.has(voucher.voucher_id)) fromPhone.add(voucher.voucher_id);
  }
  try {
    if (wallet.me) showMe(wallet.me);
    if (wallet.quiet) drawQuiet(wallet.quiet, changeQuiet);
  } catch {
    // kept by an older version, which said it otherwise: the coupons are there all the same
  }
  arrange();
}

// Of whoever the page is for, and in its language; the page without a network is for whoever the phone has kept.
function fits(wallet) {
  const who = document.querySelector("main").dataset.shopper;
  return who === "" || (wallet.me?.shopper_id === who && wallet.lang === lang);
}

function forgetKeptCards(items) {
  const said = new Map(items.map((voucher) => [voucher.voucher_id, voucher]));
  for (const id of fromPhone) {
    const now = said.get(id);
    if (cards.has(id) && (!now || JSON.stringify(now) !== JSON.stringify(cards.get(id).voucher))) drop(id);
  }
  fromPhone.clear();
}

// ------------------------------------------------------------------------------------------------------ what one can do

async function share(voucher, links) {
  await attempt(async () => {
    const made = await call("POST", "/v1/me/shares", { voucher_id: voucher.voucher_id });
    if (await phoneSheet(made.url, voucher, made.picture_url)) return;
    links.replaceChildren(...shareLinks(made.url, voucher));
    links.hidden = false;
  });
}

async function later(voucher) {
  await attempt(async () => {
    await call("POST", `/v1/me/vouchers/${voucher.voucher_id}/keep`);
    drop(voucher.voucher_id);
    await loadVouchers();
    toast(t.me.saved);
  });
}

async function way(voucher) {
  try {
    return await call("GET", `/v1/me/vouchers/${voucher.voucher_id}/way?lang=${lang}`);
  } catch {
    toast(t.me.failed);
    return null;
  }
}

const teaches = () => me?.consents.some((c) => c.granted && c.purpose === "location_learning") ?? false;

async function here(voucher) {
  await attempt(async () => {
    await call("POST", "/v1/me/here", { store: voucher.store, sku: voucher.goods.sku });
    toast(t.coupon.here_thanks);
  });
}

async function less(kind) {
  await attempt(async () => {
    await call("POST", "/v1/me/fewer", { kind, store });
    toast(t.less_done[kind]);
    await loadMe();
  });
}

const silence = (what) => changeQuiet(() => mute(what), t.me.muted_now);

async function take(ask) {
  try {
    await ask(); // the coupon itself comes through the stream
    toast(t.me.got_it);
  } catch (failure) {
    toast(failure.code === "offer_refused" ? failure.message : t.me.failed);
  }
  await showOffers(take).catch(() => {});
}

async function changeQuiet(act, said = t.me.saved) {
  await attempt(async () => {
    await act();
    toast(said);
    await showQuiet(changeQuiet);
    await keepAll();
  });
}

// -------------------------------------------------------------------------------------------------- what the server says

function showMe(said) {
  me = said;
  const granted = new Set(me.consents.filter((c) => c.granted).map((c) => `${c.purpose}:${c.channel}`));
  for (const box of document.querySelectorAll("#consents input")) box.checked = granted.has(box.value);
  offersOn = granted.has("location_offers:page");
  by("phone").hidden = paused || !offersOn || me.phone === "bound";
  if (me.display_name) by("hello").textContent = fill(t.me.hello_name, { name: me.display_name });
  by("points").textContent = me.points.available.toLocaleString(lang);
  by("points_word").textContent = counted(t.me, "points", me.points.available);
  by("worth").textContent = me.points.worth ? fill(t.me.worth, { amount: me.points.worth.text }) : "";
  by("pending").hidden = me.points.pending === 0;
  by("pending").textContent = fill(t.me.pending, { n: me.points.pending.toLocaleString(lang) });
}

async function loadMe() {
  const said = await call("GET", `/v1/me?lang=${lang}`);
  reached = true;
  clock.set(Date.parse(said.now));
  by("wrong_clock").hidden = !clock.isWrong();
  showMe(said);
  arrange();
}

async function loadVouchers() {
  const { items } = await call("GET", `/v1/me/vouchers?limit=30&lang=${lang}`);
  forgetKeptCards(items);
  const open = items.filter((v) => ["delivered", "seen"].includes(v.state));
  for (const voucher of open.reverse()) place(voucher, false);
  const over = items.filter((v) => ["redeemed", "expired", "voided"].includes(v.state));
  for (const voucher of over) if (cards.has(voucher.voucher_id)) drop(voucher.voucher_id);
  cards.forEach(tellStock);
  by("past").replaceChildren(...over.filter((v) => v.state !== "voided").map(pastLine));
  arrange();
  await keepAll();
}

async function load() {
  await loadMe();
  await loadVouchers();
  await Promise.all([showQuiet(changeQuiet), showOffers(take), showPoints(), showPickups(by("pickups")), showMyOrders(), showRecognition(() => store, () => toast(t.me.failed))]);
  await keepAll();
  by("without_network").hidden = true;
}

function reveal() {
  delete document.querySelector("main").dataset.loading; // everything at once: nothing jumps under a finger
}

function unreached() {
  reached = false;
  enable();
}

function drop(voucherId) {
  cards.get(voucherId).remove();
  cards.delete(voucherId);
}

async function acknowledge() {
  if (document.visibilityState !== "visible") return;
  for (const [delivery, voucher] of unshown) {
    unshown.delete(delivery);
    try {
      await call("POST", `/v1/me/deliveries/${delivery}/ack`);
      await call("POST", `/v1/me/vouchers/${voucher}/seen`);
    } catch (failure) {
      if (failure.code === undefined) unshown.set(delivery, voucher); // the network: again at the next look
      else if (failure.code !== "storage_unavailable" && cards.has(voucher)) drop(voucher); // too late: it has expired
      else unshown.set(delivery, voucher);
    }
  }
}

for (const box of document.querySelectorAll("#consents input")) {
  box.addEventListener("change", () =>
    attempt(async () => {
      const [purpose, channel] = box.value.split(":");
      await call("PUT", "/v1/me/consents", { consents: [{ purpose, channel, granted: box.checked }] });
      toast(t.me.saved);
      await loadMe();
    }),
  );
}
by("phone_code").addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = new FormData(event.target).get("code");
  event.target.reset();
  try {
    await call("POST", "/v1/me/phone-code", { code });
    toast(t.me.phone_looking);
    setTimeout(() => loadMe().catch(() => {}), 5000);
  } catch (failure) {
    toast(t.phone_refusals[failure.code] ?? t.phone_refusals.other);
  }
});
by("delete").addEventListener("click", () =>
  attempt(async () => {
    if (!confirm(t.me.delete_confirm)) return;
    await call("DELETE", "/v1/me");
    await forget();
    location.replace(`/?erased=1&lang=${lang}`);
  }),
);
listenForQuiet(changeQuiet);
listenForPoints();

addEventListener("visibilitychange", acknowledge);
setInterval(() => {
  const now = clock.now();
  for (const [id, card] of cards) if (!card.tick(now)) drop(id);
  arrange();
}, 1000);
setInterval(acknowledge, 5000);
setInterval(() => {
  loadMe().catch(() => {
    unreached();
    if (by("status").dataset.state === "live") toast(t.me.failed);
  });
}, 30_000);

if (!shared) {
  startWorker();
  offerInstall({ section: by("install"), button: by("install_now"), steps: by("install_steps") });
}

async function offerPushHere() {
  by("push").hidden = true;
  if (shared || !mayPush()) return;
  await offerPush(by("push_now"), (state) => {
    const said = {
      busy: t.me.push_wait,
      late: t.me.push_late,
      denied: t.me.push_denied,
      on: t.me.push_on,
      failed: t.me.failed,
    };
    by("push_said").textContent = said[state] ?? "";
  });
  by("push").hidden = by("push_now").hidden; // nothing to offer, so nothing to explain
}
const offering = offerPushHere(); // it asks the server, and what the phone has kept waits for no server

const wallet = await kept();
if (wallet && fits(wallet)) {
  showKept(wallet); // at once; what the server says comes over it
  by("without_network").hidden = navigator.onLine;
  reveal();
}

let signedOut = false;
try {
  await load();
} catch (failure) {
  signedOut = failure instanceof Refusal && failure.status === 401;
  if (wallet) showKept(wallet);
  by("without_network").hidden = !wallet;
  by("signed_out").hidden = !signedOut;
  if (!signedOut && cards.size === 0) toast(t.me.failed);
}
await offering;
arrange();
reveal();

function follow() {
  live({
    path: `/v1/me/stream?lang=${lang}`,
    onVoucher: (voucher) => {
      place(voucher, true);
      if (!cards.has(voucher.voucher_id)) return; // over before it came: not shown, so not acknowledged
      unshown.set(voucher.delivery_id, voucher.voucher_id);
      requestAnimationFrame(() => acknowledge());
      keepAll();
      showQuiet(changeQuiet).catch(() => {}); // one more message this week
    },
    onChange: (change) => {
      if (change.kind === "order") {
        toast(change.text);
        showMyOrders().catch(() => {});
        return;
      }
      if (change.kind === "pickup") {
        toast(change.text);
        showPickups(by("pickups")).catch(() => {});
        return;
      }
      if (cards.has(change.voucher_id) || change.kind === "returned") toast(change.text);
      if (change.kind !== "returned" && cards.has(change.voucher_id)) drop(change.voucher_id);
      load().catch(() => arrange());
    },
    onState: (state) => {
      by("status").dataset.state = state;
      by("status").textContent = state === "live" ? t.me.live : t.me.offline;
      if (state === "live") load().catch(() => {}); // what happened meanwhile
      else loadMe().catch(() => unreached());
    },
    onGone: () => location.reload(),
  });
}
if (!signedOut) follow();
