// The staff's page: orders that wait and whose shopper is here, as the stream says; hand-over by the shopper's code.
import { call } from "./http.js";
import { checked } from "./checked.js";
import { element } from "./dom.js";
import { scan, scanning, scans, stop } from "./till_camera.js";
import { days, fill, lang, t } from "./texts.js";
import { drawVisitors } from "./staff_card.js";
import { drawOrders } from "./staff_orders.js";

const by = (id) => document.getElementById(id);
const { store, timezone } = document.querySelector("main").dataset;
const LOST_MS = 5000;
let calling = new Set(); // orders whose shopper was here when we looked last
let ahead = 0; // our clock less the server's, ms
let last = null;

const spell = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
};
const since = (at) => Date.now() - ahead - Date.parse(at);
const day = (at) => new Intl.DateTimeFormat(days, { dateStyle: "medium", timeStyle: "short", timeZone: timezone }).format(new Date(at));

function orderCard(order) {
  const lines = order.lines.map((line) => element("li", {}, `${line.quantity} × ${line.name}`));
  const clock = order.arrived_at ? element("p", { class: "clock", "data-since": order.arrived_at }) : element("p", { class: "soft small" }, fill(t.staff.since, { time: day(order.ready_at) }));
  const head = element("h3", {}, fill(t.staff.order, { order: order.order }), " · ", order.place);
  return element("li", { class: order.calls ? "calls" : "", "data-order": order.order }, head, clock, element("ul", {}, ...lines), element("p", {}, order.total));
}

function tick() {
  for (const clock of document.querySelectorAll("[data-since]")) clock.textContent = fill(t.staff.waits, { time: spell(since(clock.dataset.since)) });
}

function draw(desk) {
  last = desk;
  ahead = Date.now() - Date.parse(desk.now);
  by("orders").replaceChildren(...desk.pickups.map(orderCard));
  by("none").hidden = desk.pickups.length > 0;
  const here = new Set(desk.pickups.filter((order) => order.calls).map((order) => order.order));
  const news = [...here].filter((order) => !calling.has(order));
  if (news.length) by("called").textContent = news.map((order) => fill(t.staff.called, { order })).join(" ");
  if (!here.size) by("called").textContent = "";
  by("called").hidden = by("called").textContent === "";
  calling = here;
  drawVisitors(store, desk.visitors);
  drawOrders(store, desk.orders);
  tick();
}

function show(state) {
  by("status").dataset.state = state;
  by("status").textContent = state === "live" ? t.staff.live : t.staff.offline;
}

function follow() {
  const source = new EventSource(`/v1/staff/${store}/stream?lang=${lang}`);
  source.addEventListener("open", () => show("live"));
  source.addEventListener("desk", (event) => draw(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    show("offline");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), LOST_MS); // signed out: it says so
  });
}

async function hand(code) {
  try {
    const done = await call("POST", `/v1/staff/${store}/hand-over?lang=${lang}`, { code });
    by("said").textContent = fill(t.staff.handed, { order: done.order });
    by("said").className = "";
    by("code").value = "";
    if (last) draw({ ...last, pickups: last.pickups.filter((order) => order.order !== done.order) });
  } catch (failure) {
    by("said").textContent = t.staff_refusals[failure.code] ?? t.staff_refusals.other;
    by("said").className = "bad";
  }
}

checked(by("hand"), () => hand(by("code").value));
by("camera").hidden = !scans();
by("camera").addEventListener("click", async () => {
  if (scanning()) return stop(by("view"));
  const text = await scan(by("view")).catch(() => null);
  if (text) hand(text);
});
setInterval(tick, 1000);
follow();
