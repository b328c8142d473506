// A till in a browser: scan or type the code, hear what it is for, say what is in the basket, use it, undo that. Without a
// network scanned coupons still count, and are booked when it is back (till_offline.js).
import { Refusal, call } from "./http.js";
import { element } from "./dom.js";
import { scan, scanning, scans, stop } from "./till_camera.js";
import * as offline from "./till_offline.js";
import { isCard, showCard } from "./till_card.js";
import { days, fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const kept = { key: "rayon_till_key", till: "rayon_till_name", store: "rayon_till_store", cashier: "rayon_till_cashier", last: "rayon_till_last" };
const basket = new Map(); // sku -> quantity
const FOUND = 8;
const LAST = 6;
const BOOK_MS = 20000;
const PACK_MS = 3600000;
let stores = [];
let coupon = null; // { text, code, sku, terms? }: terms where it was believed without a network

// With a key, or as whoever is signed in in this browser: the cookie goes along by itself.
const authorised = () => (localStorage.getItem(kept.key) ? { Authorization: `Bearer ${localStorage.getItem(kept.key)}` } : {});
const shop = () => stores.find((s) => s.store === by("store").value);
const product = (sku) => shop().products.find((p) => p.sku === sku);
const tillName = () => localStorage.getItem(kept.till) ?? "1";
const clock = (at) => new Intl.DateTimeFormat(days, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
const money = (minor) => {
  const { currency, currency_exponent: digits } = shop(); // browsers know other decimals than ISO 4217, for IQD say
  const format = new Intl.NumberFormat(lang, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(minor / 10 ** digits);
};
const refusal = (code = "other") => t.till_refusals[code.replace(/^voucher_/, "")] ?? t.till_refusals.other;
const away = (failure) => !(failure instanceof Refusal);

function network(there) {
  by("network").hidden = there;
  if (!there) by("network").textContent = offline.pack(shop().store) ? t.till.offline : t.till_offline.offline_unready;
}

// ------------------------------------------------------------------------------------------------ opening the till

function askForKey(why) {
  by("sign_in").hidden = false;
  by("desk").hidden = true;
  by("sign_in_error").hidden = !why;
  by("sign_in_error").textContent = why ?? "";
  if (why) by("key").value = "";
  for (const [id, name] of [["till_name", kept.till], ["cashier", kept.cashier]]) by(id).value = localStorage.getItem(name) ?? by(id).value;
}

async function open() {
  let there = true;
  try {
    stores = (await call("GET", "/v1/till/stores", undefined, authorised())).items;
    localStorage.setItem("rayon_till_stores", JSON.stringify(stores));
  } catch (failure) {
    stores = JSON.parse(localStorage.getItem("rayon_till_stores") ?? "[]");
    if (!localStorage.getItem(kept.key) && (!away(failure) || !stores.length)) return askForKey();
    if (!away(failure) || !stores.length) return askForKey(away(failure) ? t.till_refusals.no_network : refusal(failure.code));
    there = false;
  }
  by("sign_in").hidden = true;
  by("sign_out").hidden = !localStorage.getItem(kept.key);
  by("desk").hidden = false;
  by("who").textContent = [tillName(), localStorage.getItem(kept.cashier)].filter(Boolean).join(" · ");
  by("store").replaceChildren(...stores.map((s) => element("option", { value: s.store }, s.name)));
  by("stores").hidden = stores.length < 2;
  if (stores.some((s) => s.store === localStorage.getItem(kept.store))) by("store").value = localStorage.getItem(kept.store);
  await changeStore(there);
}

async function changeStore(there = true) {
  localStorage.setItem(kept.store, by("store").value);
  forget();
  network(there);
  by("code").focus();
  drawQueue();
  if (there) await refresh();
}

async function refresh() {
  try {
    await offline.fetchPack(shop().store, authorised());
    await drawRecent();
  } catch (failure) {
    if (away(failure)) network(false);
  }
}

// ---------------------------------------------------------------------------------------------------- the basket

function drawBasket() {
  const rows = [...basket].map(([sku, quantity]) => {
    const { name, price_minor: price } = product(sku);
    const less = element("button", { type: "button", "aria-label": `${t.till.remove} ${name}`, onclick: () => change(sku, -1) }, "−");
    const more = element("button", { type: "button", "aria-label": `${t.till.add} ${name}`, onclick: () => change(sku, 1) }, "+");
    return element("tr", {}, element("td", {}, name), element("td", { class: "number" }, less, ` ${quantity} `, more), element("td", { class: "number" }, money(price * quantity)));
  });
  by("lines").replaceChildren(...rows);
  by("check").disabled = !basket.size || !coupon;
}

const chip = (p) => element("button", { type: "button", "data-sku": p.sku, onclick: () => change(p.sku, 1) }, `${p.name} · ${money(p.price_minor)}`);
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function drawFound() {
  const words = plain(by("search").value).split(/\s+/).filter(Boolean);
  const fits = (p) => words.every((word) => plain(`${p.name} ${p.sku} ${p.category}`).includes(word));
  by("found").replaceChildren(...(words.length ? shop().products.filter(fits).slice(0, FOUND).map(chip) : []));
}

function drawLast() {
  const last = JSON.parse(localStorage.getItem(kept.last) ?? "[]").map(product).filter(Boolean);
  by("last").hidden = !last.length;
  by("last_used").replaceChildren(...last.map(chip));
}

function change(sku, by_) {
  const quantity = (basket.get(sku) || 0) + by_;
  if (quantity > 0) basket.set(sku, quantity);
  else basket.delete(sku);
  if (by_ > 0) {
    const last = JSON.parse(localStorage.getItem(kept.last) ?? "[]").filter((other) => other !== sku);
    localStorage.setItem(kept.last, JSON.stringify([sku, ...last].slice(0, LAST)));
    by("search").value = "";
    drawFound();
  }
  by("answer").hidden = true;
  drawBasket();
}

function forget() {
  coupon = null;
  basket.clear();
  by("code").value = "";
  by("coupon").hidden = true;
  drawBasket();
  drawFound();
  drawLast();
}

function request() {
  const lines = [...basket].map(([sku, quantity]) => {
    const { category, price_minor: price } = product(sku);
    return { sku, category, quantity, unit_price_minor: price };
  });
  const cashier = localStorage.getItem(kept.cashier) || null;
  return { code: coupon.text, store: shop().store, till: tillName(), cashier, basket: { currency: shop().currency, lines } };
}

// ---------------------------------------------------------------------------------------------------- the coupon

function say(kind, title, ...more) {
  by("answer").hidden = false;
  by("answer").replaceChildren(element("h2", { class: kind }, title), ...more);
}

async function ask(path, body, then, without) {
  try {
    const answer = await call("POST", path, body, authorised());
    network(true);
    await then(answer);
  } catch (failure) {
    if (away(failure) && without) {
      network(false);
      await without();
      return;
    }
    say("bad", away(failure) ? t.till_refusals.no_network : refusal(failure.code));
    if (failure instanceof Refusal && failure.status === 401) askForKey(refusal(failure.code));
  }
}

function showCoupon({ goods, badge, title, until, least, sku }) {
  const just = element("button", { type: "button", id: "just_this", class: "main", onclick: () => justThis(sku) }, t.till.just_this);
  by("coupon").hidden = false;
  by("coupon").replaceChildren(
    element("p", { class: "goods" }, fill(t.till.is_for, { goods: goods ?? t.till.whole_basket })),
    element("p", {}, element("b", { class: "badge" }, badge), ` ${title}`),
    element("p", { class: "soft small" }, fill(t.till.until, { time: clock(until) }), least ? ` · ${fill(t.till.from_basket, { amount: money(least) })}` : ""),
    product(sku) ? just : "",
  );
  drawBasket();
}

async function readCode(text) {
  coupon = null;
  by("coupon").hidden = true;
  by("answer").hidden = true;
  by("code").select(); // the next code that a scanner types takes its place
  const body = { code: text, store: shop().store, till: tillName() };
  if (isCard(text)) return showCard(by("coupon"), body, ask, useReward);
  await ask(
    "/v1/till/about",
    body,
    (about) => {
      if (about.reason !== "ok") return say("bad", refusal(about.reason));
      coupon = { text, code: offline.plainCode(text), sku: about.sku };
      showCoupon({ ...about, until: about.expires_at, least: about.min_basket_minor });
    },
    async () => {
      const found = await offline.believe(shop().store, text);
      if (found.refusal) return say("bad", t.till_offline[found.refusal]);
      const { terms } = found;
      coupon = { text, code: found.code, sku: terms.offer.sku, terms };
      showCoupon({ ...terms, until: found.expiresAt, least: terms.offer.min_basket_minor, sku: terms.offer.sku });
    },
  );
}

async function useReward(code) {
  by("code").value = code;
  await readCode(code);
}

function justThis(sku) {
  basket.clear();
  change(sku, 1);
  check();
}

async function check() {
  if (coupon.terms) return checkAlone();
  const body = request();
  await ask(
    "/v1/till/check",
    body,
    (result) => {
      if (!result.ok) return say("bad", refusal(result.reason));
      offer(result.discount_minor, result.reason, () => redeem(body));
    },
    async () => {
      const found = await offline.believe(body.store, body.code);
      if (found.refusal) return say("bad", t.till_offline[found.refusal]);
      coupon.terms = found.terms;
      checkAlone();
    },
  );
}

// Without a network: the terms are those that the coupon was signed with.
function checkAlone() {
  const body = request();
  const off = offline.discount(coupon.terms.offer, body.basket.lines, offline.pack(body.store).products);
  if (!off.amount) return say("bad", off.reason === "needs_network" ? t.till_offline.needs_network : refusal(off.reason));
  offer(off.amount, off.reason, () => {
    offline.useOffline(body.store, coupon.code, body, off.amount, coupon.terms.title);
    say("good", fill(t.till.redeemed, { amount: money(off.amount) }), element("p", {}, t.till.waiting));
    forget();
    drawQueue();
    book();
  });
}

function offer(amount, reason, use) {
  const go = element("button", { type: "button", class: "main", id: "redeem" }, t.till.redeem);
  go.addEventListener("click", () => {
    go.disabled = true;
    use();
  });
  say("good", `−${money(amount)}`, reason === "legal_cap" ? element("p", {}, t.till.legal_cap) : "", go);
  go.focus();
}

function redeem(body) {
  const { code } = coupon;
  return ask("/v1/till/redeem", body, async (redeemed) => {
    offline.noteUsed(body.store, code);
    const undo = element("button", { type: "button", class: "danger" }, t.till.undo);
    undo.addEventListener("click", () => {
      undo.disabled = true;
      takeBack(redeemed.redemption_id, code);
    });
    say("good", fill(t.till.redeemed, { amount: money(redeemed.discount_minor) }), undo);
    forget();
    by("code").focus();
    await drawRecent();
  });
}

function takeBack(id, code) {
  const body = { redemption_id: id, store: shop().store, till: tillName() };
  return ask("/v1/till/void", body, async () => {
    if (code) offline.forgetUsed(body.store, code);
    say("bad", t.till.undone);
    await drawRecent();
  });
}

// ----------------------------------------------------------------------------------------------- what was used

async function drawRecent() {
  const asked = new URLSearchParams({ store: shop().store, limit: "20" });
  const { items } = await call("GET", `/v1/till/redemptions?${asked}`, undefined, authorised());
  const rows = items.map((use) => {
    const gone = use.state === "voided";
    const time = clock(use.redeemed_at);
    const undo = element("button", { type: "button", class: "danger", "aria-label": fill(t.till.undo_of, { title: use.title, time }) }, t.till.undo);
    undo.addEventListener("click", () => {
      undo.disabled = true;
      takeBack(use.redemption_id, null);
    });
    const about = element("span", { class: "soft small" }, [time, use.till, use.cashier, gone && t.till.taken_back].filter(Boolean).join(" · "));
    return element("li", { class: gone ? "gone" : null }, element("span", {}, element("b", {}, `−${money(use.discount_minor)} ${use.title}`), element("br"), about), gone ? "" : undo);
  });
  by("recent").replaceChildren(...(rows.length ? rows : [element("li", { class: "soft" }, t.till.none_recent)]));
}

function stateOf(item) {
  if (item.state === "conflict") return fill(t.till.conflict, { why: refusal(item.reason) });
  if (item.state === "differs") return fill(t.till.differs, { booked: money(item.booked), given: money(item.given) });
  return item.state === "booked" ? t.till.booked : t.till.waiting;
}

function drawQueue() {
  const items = offline.queued();
  by("queue").hidden = !items.length;
  by("queued").replaceChildren(
    ...items.map((item) => {
      const done = element("button", { type: "button", onclick: () => (offline.dismiss(item.key), drawQueue()) }, t.till.noted);
      const said = element("span", { class: item.state === "waiting" || item.state === "booked" ? "soft small" : "bad" }, `${clock(item.at)} · ${stateOf(item)}`);
      return element("li", { "data-state": item.state }, element("span", {}, element("b", {}, `−${money(item.given)} ${item.title}`), element("br"), said), item.state === "waiting" ? "" : done);
    }),
  );
}

let booking = false;

async function book() {
  if (booking || by("desk").hidden || !offline.queued().some((item) => item.state === "waiting")) return;
  booking = true;
  await offline.bookWaiting(authorised()).finally(() => (booking = false));
  drawQueue();
  if (!offline.queued().some((item) => item.state === "waiting")) {
    network(true);
    await refresh();
  }
}

// ------------------------------------------------------------------------------------------------------- events

by("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  readCode(by("code").value);
});
by("camera").addEventListener("click", async () => {
  if (scanning()) return stop(by("view"));
  by("camera").textContent = t.till.stop_scan;
  try {
    const text = await scan(by("view"));
    if (text) {
      by("code").value = text;
      await readCode(text);
    }
  } catch {
    stop(by("view"));
    say("bad", t.till.no_camera);
  }
  by("camera").textContent = t.till.scan;
});
by("camera").hidden = !scans();
by("basket").addEventListener("submit", (event) => {
  event.preventDefault();
  if (coupon && basket.size) check();
});
by("search").addEventListener("input", drawFound);
by("store").addEventListener("change", () => changeStore());
by("sign_in").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(kept.key, by("key").value.trim());
  localStorage.setItem(kept.till, by("till_name").value);
  localStorage.setItem(kept.cashier, by("cashier").value.trim());
  open();
});
by("sign_out").addEventListener("click", () => {
  localStorage.removeItem(kept.key);
  localStorage.removeItem("rayon_till_stores");
  location.reload();
});
globalThis.addEventListener("online", () => book().then(() => by("desk").hidden || network(true)));
setInterval(book, BOOK_MS);
setInterval(() => by("desk").hidden || refresh(), PACK_MS);
open().then(book);
