// Coupons without a network: what was fetched before, whether a scanned code is genuine, what it gives, and the uses that
// wait to be booked. Each is booked under the key of its sale, so that however often it is sent, it is booked once.
import { Refusal, call, freshKey } from "./http.js";

const FULL_BP = 10000;
const KEPT_MS = 4 * 86400000; // three days an offline sale may be booked later, and one more
const QUEUE = "rayon_till_queue";
const SIGNED = /^R1:([0-9A-Z]{12}):([0-9A-F]{1,12}):([0-9A-F]{12}):([A-Z2-7]{103})$/;

const kept = (name, otherwise) => JSON.parse(localStorage.getItem(name) ?? "null") ?? otherwise;
const keep = (name, value) => localStorage.setItem(name, JSON.stringify(value));
const packName = (store) => `rayon_till_pack_${store}`;
const usedName = (store) => `rayon_till_used_${store}`;

export async function fetchPack(store, headers) {
  keep(packName(store), await call("GET", `/v1/till/offline/${encodeURIComponent(store)}`, undefined, headers));
}

export const pack = (store) => kept(packName(store), null);

export function noteUsed(store, code) {
  const now = Date.now();
  const used = kept(usedName(store), []).filter((u) => now - u.at < KEPT_MS && u.code !== code);
  keep(usedName(store), [...used, { code, at: now }]);
}

export function forgetUsed(store, code) {
  keep(usedName(store), kept(usedName(store), []).filter((u) => u.code !== code));
}

const usedHere = (store, code) => kept(usedName(store), []).some((u) => u.code === code);

// The code as the server reads it: what a person typed, or that of a scanned QR.
export function plainCode(text) {
  const signed = SIGNED.exec(text.trim().toUpperCase());
  return (signed ? signed[1] : text).replace(/[\s\-_.]+/g, "").toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1");
}

function bytesOf(base32) {
  const bytes = [];
  let [held, bits] = [0, 0];
  for (const letter of base32) {
    held = (held << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter);
    bits += 5;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
    held &= (1 << bits) - 1;
  }
  return new Uint8Array(bytes);
}

// What a scanned text is good for, without asking anybody: { terms, code } or { refusal }, a word of the page's texts.
export async function believe(store, text) {
  const known = pack(store);
  if (!known || !globalThis.crypto?.subtle) return { refusal: "offline_unready" };
  const found = SIGNED.exec(text.trim().toUpperCase());
  if (!found) return { refusal: "scan_it" };
  const [, code, expires, terms, signature] = found;
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", known.key, curve, false, ["verify"]);
  const said = new TextEncoder().encode(`R1:${store}:${code}:${expires}:${terms}`);
  const genuine = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytesOf(signature), said);
  if (!genuine) return { refusal: "forged" };
  if (usedHere(store, code)) return { refusal: "used_here" };
  const expiresAt = parseInt(expires, 16) * 1000;
  if (Date.now() >= expiresAt) return { refusal: "expired" };
  const offered = known.terms.find((o) => o.terms === terms);
  return offered ? { code, terms: offered, expiresAt } : { refusal: "unknown_terms" };
}

// What an offer takes off lines of { sku, quantity, unit_price_minor }: never more than the server would give.
export function discount(offer, lines, products) {
  const known = new Map(products.map((p) => [p.sku, p]));
  const applies = (line) =>
    offer.applies_to === "basket" || (offer.applies_to === "product" ? line.sku === offer.sku : known.get(line.sku)?.category === offer.category);
  const total = lines.reduce((sum, l) => sum + l.quantity * l.unit_price_minor, 0);
  const on = lines.filter(applies);
  if (!on.length) return { amount: 0, reason: "not_in_basket" };
  if (total < (offer.min_basket_minor ?? 0)) return { amount: 0, reason: "min_basket" };
  if (offer.kind === "buy_x_get_y") return { amount: 0, reason: "needs_network" };
  // In ten-thousandths of a minor unit, as the server reckons: a capped class with others has whole minor units off each
  // unit; one class alone is rounded once, as a whole; the better of both.
  const units = on.map((line) => {
    const price = line.unit_price_minor * FULL_BP;
    const product = known.get(line.sku);
    const cap = product?.cap_bp ?? null;
    const fine = cap === null ? price : line.unit_price_minor * cap;
    const offered = { percent: line.unit_price_minor * offer.basis_points, amount: price, fixed_price: Math.max(price - offer.price_minor * FULL_BP, 0) }[offer.kind];
    const whole = cap === null ? price : Math.floor(fine / FULL_BP) * FULL_BP;
    return { count: line.quantity, cap, each: Math.min(offered, whole), alone: Math.min(offered, fine), capped: offered > whole };
  });
  const taken = (some, part) => {
    if (offer.kind === "amount") return Math.min(offer.amount_minor * FULL_BP, some.reduce((all, u) => all + u.count * u[part], 0));
    let [sum, left] = [0, offer.applies_to === "basket" ? Infinity : (offer.max_units ?? 1)];
    for (const unit of [...some].sort((a, b) => b[part] - a[part])) {
      const count = Math.min(unit.count, left);
      sum += count * unit[part];
      left -= count;
    }
    return sum;
  };
  // Products of one cap may be of two classes: only where all units are of one product are they surely of one.
  const skus = [...new Set(on.map((line) => line.sku))];
  const choices = skus.map((sku) => taken(units.filter((u, i) => on[i].sku === sku && u.cap !== null), "alone"));
  const sum = Math.max(taken(units, "each"), ...choices);
  const amount = Math.min(Math.floor(sum / FULL_BP), offer.max_discount_minor ?? Infinity);
  if (amount > 0) return { amount, reason: "ok" };
  return { amount, reason: units.some((u) => u.capped) ? "legal_cap" : "too_few" };
}

export const queued = () => kept(QUEUE, []);

export function useOffline(store, code, body, given, title) {
  const at = new Date().toISOString();
  keep(QUEUE, [...queued(), { key: freshKey(), body: { ...body, sold_at: at }, given, title, at, state: "waiting" }]);
  noteUsed(store, code);
}

export const dismiss = (key) => keep(QUEUE, queued().filter((item) => item.key !== key));

const LATER = (failure) => !(failure instanceof Refusal) || failure.status === 401 || failure.status === 429 || failure.status >= 500;
const settle = (key, change) => keep(QUEUE, queued().map((item) => (item.key === key ? { ...item, ...change } : item)));

// Books what waits, one after the other. What the server refuses stays in the list with its reason, for a person.
export async function bookWaiting(headers) {
  for (const item of queued().filter((one) => one.state === "waiting")) {
    try {
      const done = await call("POST", "/v1/till/redeem", item.body, { ...headers, "Idempotency-Key": item.key });
      const same = done.discount_minor === item.given;
      settle(item.key, same ? { state: "booked" } : { state: "differs", booked: done.discount_minor });
    } catch (failure) {
      if (LATER(failure)) return;
      settle(item.key, { state: "conflict", reason: failure.code });
    }
  }
}
