// The shopper's page: coupons as they come, their countdown, points, choices.
import { call } from "./http.js";
import { couponCard, pastLine } from "./coupon.js";
import { phoneSheet, shareLinks } from "./share.js";
import { startWorker } from "./install.js";
import { live } from "./live.js";
import { counted, fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const store = document.querySelector("main").dataset.store;
const cards = new Map();
const unshown = new Map(); // delivery id -> voucher id: not acknowledged before the page is really looked at
let offersOn = true;
let ahead_ms = 0; // the server's clock less this phone's
const now = () => Date.now() + ahead_ms;

function toast(text) {
  by("toast").textContent = text;
  by("toast").hidden = false;
  setTimeout(() => (by("toast").hidden = true), 3500);
}

const attempt = (work) => work().catch(() => toast(t.me.failed));

function place(voucher, fresh) {
  if (cards.has(voucher.voucher_id)) return;
  const card = couponCard(voucher, { share, less, fewer: ["mute", "never"] });
  if (!card.tick(now())) return;
  if (fresh) card.classList.add("fresh");
  cards.set(voucher.voucher_id, card);
  by("coupons").prepend(card);
  arrange();
}

function arrange() {
  by("empty").hidden = cards.size > 0;
  by("empty_text").textContent = offersOn ? t.me.empty_text : t.me.empty_off;
  by("earlier").hidden = by("past").children.length === 0;
}

async function share(voucher, links) {
  await attempt(async () => {
    const made = await call("POST", "/v1/me/shares", { voucher_id: voucher.voucher_id });
    if (await phoneSheet(made.url, voucher)) return;
    links.replaceChildren(...shareLinks(made.url, voucher));
    links.hidden = false;
  });
}

async function less(kind) {
  await attempt(async () => {
    await call("POST", "/v1/me/fewer", { kind, store });
    toast(t.less_done[kind]);
    await loadMe();
  });
}

async function loadMe() {
  const me = await call("GET", "/v1/me");
  ahead_ms = Date.parse(me.now) - Date.now();
  const granted = new Set(me.consents.filter((c) => c.granted).map((c) => `${c.purpose}:${c.channel}`));
  for (const box of document.querySelectorAll("#consents input")) {
    box.checked = granted.has(box.value);
    box.disabled = false;
  }
  offersOn = granted.has("location_offers:page");
  by("phone").hidden = !offersOn || me.phone === "bound";
  if (me.display_name) by("hello").textContent = fill(t.me.hello_name, { name: me.display_name });
  by("points").textContent = me.points.available.toLocaleString(lang);
  by("points_word").textContent = counted(t.me, "points", me.points.available);
  by("pending").hidden = me.points.pending === 0;
  by("pending").textContent = fill(t.me.pending, { n: me.points.pending.toLocaleString(lang) });
  arrange();
}

async function loadVouchers() {
  const { items } = await call("GET", `/v1/me/vouchers?limit=30&lang=${lang}`);
  const open = items.filter((v) => ["delivered", "seen"].includes(v.state));
  for (const voucher of open.reverse()) place(voucher, false);
  for (const voucher of items) {
    const closed = !["issued", "delivered", "seen"].includes(voucher.state);
    if (["redeemed", "expired"].includes(voucher.state)) by("past").append(pastLine(voucher));
    if (closed && cards.has(voucher.voucher_id)) drop(voucher.voucher_id);
  }
  arrange();
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
    location.replace(`/w/${store}`);
  }),
);

addEventListener("visibilitychange", acknowledge);
setInterval(() => {
  for (const [id, card] of cards) if (!card.tick(now())) drop(id);
  arrange();
}, 1000);
setInterval(acknowledge, 5000);
setInterval(() => loadMe().catch(() => by("status").dataset.state === "live" && toast(t.me.failed)), 30_000);

startWorker();
await attempt(async () => {
  await loadMe();
  await loadVouchers();
});
live({
  path: `/v1/me/stream?lang=${lang}`,
  onVoucher: (voucher) => {
    place(voucher, true);
    if (!cards.has(voucher.voucher_id)) return; // over before it came: not shown, so not acknowledged
    unshown.set(voucher.delivery_id, voucher.voucher_id);
    requestAnimationFrame(() => acknowledge());
  },
  onState: (state) => {
    by("status").dataset.state = state;
    by("status").textContent = state === "live" ? t.me.live : t.me.offline;
  },
  onGone: () => location.reload(),
});
