// One coupon as the shopper sees it: offer, QR, digits, countdown, why, share, fewer.
import { element } from "./dom.js";
import { beginsWith, days, fill, lang, t } from "./texts.js";

function picture(svg, label) {
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  if (label) {
    parsed.setAttribute("role", "img");
    parsed.setAttribute("aria-label", label);
  }
  return document.importNode(parsed, true);
}

// What may be muted at this coupon: from the narrowest to the widest.
function mutable({ store, goods }) {
  return [
    goods?.sku ? { kind: "product", store, name: goods.sku } : null,
    goods?.category ? { kind: "category", store, name: goods.category } : null,
    { kind: "shop", store, name: "" },
    { kind: "all", store: "", name: "" },
  ].filter(Boolean);
}

// Offered where the shopper agreed that their places teach the shop's Wi-Fi.
function here(voucher, acts) {
  return acts.teaches() ? [element("button", { type: "button", class: "here", onclick: () => acts.here(voucher) }, t.coupon.here)] : [];
}

// The way is asked for when it is opened: it begins where the shopper is then.
function wayThere(voucher, acts) {
  const box = element("div", { class: "way" });
  const more = element("details", { class: "there" }, element("summary", {}, t.coupon.way), box);
  more.addEventListener("toggle", async () => {
    if (!more.open) return;
    const said = await acts.way(voucher);
    if (said) box.replaceChildren(element("p", {}, said.text), picture(said.svg, t.coupon.way_drawn), ...here(voucher, acts));
    else if (box.children.length === 0) box.textContent = t.coupon.way_away;
  });
  return more;
}

function lessButton(kind, acts) {
  return element("button", { type: "button", class: "plain", "data-fewer": kind, onclick: () => acts.less(kind) }, t.less[kind]);
}

function prices({ before, after }) {
  return element(
    "p",
    { class: "prices" },
    element("span", { class: "unseen" }, t.coupon.before),
    element("s", {}, before),
    " ",
    element("span", { class: "unseen" }, t.coupon.after),
    element("b", {}, after),
  );
}

export function couponCard(voucher, acts) {
  const left = element("p", { class: "left" });
  const stock = element("div", { class: "told" });
  const links = element("div", { class: "links", hidden: true });
  const share = element("button", { type: "button", class: "main share", onclick: () => acts.share(voucher, links) }, t.coupon.share);
  const card = element(
    "article",
    { class: "coupon", id: `v-${voucher.voucher_id}`, "data-voucher": voucher.voucher_id },
    element(
      "div",
      { class: "offer" },
      voucher.goods ? element("span", { class: "picture" }, picture(voucher.goods.picture)) : null,
      voucher.badge && !beginsWith(voucher.title, voucher.badge) ? element("span", { class: "badge" }, voucher.badge) : null,
      element("h3", {}, voucher.title),
      voucher.text !== voucher.title ? element("p", {}, voucher.text) : null,
      voucher.least ? element("p", { class: "least" }, voucher.least) : null,
      voucher.goods?.after ? prices(voucher.goods) : null,
      voucher.goods?.aisle ? element("p", { class: "where" }, fill(t.coupon.at_aisle, { aisle: voucher.goods.aisle })) : null,
      voucher.warning ? element("p", { class: "warning" }, element("strong", {}, voucher.warning)) : null,
    ),
    element(
      "div",
      { class: "tear" },
      element("div", { class: "qr" }, picture(voucher.qr_svg, t.coupon.qr)),
      element("p", { class: "digits" }, voucher.code_spaced),
      element("p", { class: "soft small" }, t.coupon.code_hint),
      left,
    ),
    element(
      "div",
      { class: "acts" },
      stock,
      voucher.keep_until ? element("button", { type: "button", class: "later", onclick: () => acts.later(voucher) }, fill(t.coupon.keep, { day: dayOf(voucher.keep_until) })) : null,
      ...(voucher.offer.near_end ? [] : [share, element("p", { class: "soft small" }, t.coupon.share_hint), links]),
      voucher.goods?.sku ? wayThere(voucher, acts) : null,
      element("details", {}, element("summary", {}, t.coupon.why), element("p", { class: "small" }, voucher.why)),
      element(
        "div",
        { class: "fewer" },
        ...mutable(voucher).map((what) => element("button", { type: "button", class: "plain", "data-mute": what.kind, onclick: () => acts.mute(what) }, t.mute_less[what.kind])),
        lessButton("never", acts),
      ),
    ),
  );
  card.voucher = voucher;
  card.stock = stock;
  card.tick = (now) => tick(left, voucher, now);
  return card;
}

const dayOf = (at) => new Date(at).toLocaleDateString(days, { day: "numeric", month: "short", year: "numeric" });

function tick(left, voucher, now) {
  const seconds = Math.max(0, Math.floor((Date.parse(voucher.expires_at) - now) / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  const time = h ? `${h}\u00a0h\u00a0${two(m)}\u00a0min` : `${m}:${two(s)}`;
  left.textContent = seconds === 0 ? t.coupon_states.expired : h < 48 ? fill(t.coupon.left, { time }) : fill(t.coupon.until, { day: dayOf(voucher.expires_at) });
  left.classList.toggle("soon", seconds < 300);
  return seconds > 0;
}

export function pastLine(voucher) {
  const day = new Date(voucher.saved?.at ?? voucher.issued_at).toLocaleDateString(days, { day: "numeric", month: "short" });
  const what = voucher.saved ? fill(t.coupon.saved, { amount: voucher.saved.amount }) : t.coupon_states[voucher.state];
  return element("li", { "data-voucher": voucher.voucher_id }, element("span", {}, voucher.title, element("small", {}, ` ${day}`)), element("span", {}, what));
}
