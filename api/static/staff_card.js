// Visitors who chose to be recognised, and the card of the one that is looked at. It closes when they are here no more.
import { call } from "./http.js";
import { checked } from "./checked.js";
import { element } from "./dom.js";
import { couponLine } from "./staff_coupon.js";
import { orderFor, orderLines } from "./staff_orders.js";
import { counted, days, fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const day = (at) => new Intl.DateTimeFormat(days, { dateStyle: "medium" }).format(new Date(at));
let looking = null;

const bare = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

// Of those who chose to be recognised, and of nobody else, the ones whose name has what was typed.
function narrow() {
  const wanted = bare(by("name").value);
  const buttons = [...by("visitors").children];
  for (const one of buttons) one.hidden = !bare(one.textContent).includes(wanted);
  by("no_match").textContent = wanted && buttons.length && buttons.every((one) => one.hidden) ? t.staff.no_match : "";
}
by("name").addEventListener("input", narrow);

export function drawVisitors(store, visitors) {
  by("nobody").hidden = visitors.length > 0;
  by("search").hidden = visitors.length === 0;
  by("visitors").replaceChildren(...visitors.map((one) => element("button", { type: "button", "data-visitor": one.visitor, onclick: () => open(store, one.visitor) }, one.name || t.staff.no_name)));
  narrow();
  if (looking && !visitors.some((one) => one.visitor === looking)) close();
}

function close() {
  looking = null;
  by("card").replaceChildren();
  by("card").hidden = true;
}

const base = (store, visitor) => `/v1/staff/${store}/visitors/${visitor}`;

async function open(store, visitor, done = "") {
  try {
    const card = await call("POST", `${base(store, visitor)}/card?lang=${lang}`);
    looking = visitor;
    draw(store, card, done);
    by("said").textContent = ""; // what was refused before
    by("card").focus();
  } catch (failure) {
    said(failure);
  }
}

const refused = (failure) => t.staff_refusals[failure.code] ?? t.staff_refusals.other;

function said(failure) {
  by("said").textContent = refused(failure);
  by("said").className = "bad";
}

const listed = (items, none) => (items.length ? element("ul", { class: "plain" }, ...items.map((one) => element("li", {}, one))) : element("p", { class: "soft" }, none));
const names = (one) => one.lines.map((line) => line.name).join(", ");
const purchase = (one) => fill(t.staff.purchase, { day: day(one.at), channel: t.sales_channels[one.channel], lines: names(one), total: one.total });

function form(label, input, button, send) {
  const field = element("label", { class: "field" }, label, input);
  const answer = element("p", { role: "alert", class: "bad" });
  const made = element("form", {}, field, element("button", {}, button), answer);
  checked(made, () => {
    answer.textContent = "";
    send(input.value.trim()).catch((failure) => (answer.textContent = refused(failure)));
  });
  return made;
}

function draw(store, card, done) {
  const again = (said) => open(store, card.visitor, typeof said === "string" ? said : "");
  const to = base(store, card.visitor);
  const points = element("input", { type: "text", inputmode: "numeric", pattern: "[0-9]+", maxlength: "7", required: true });
  const note = element("input", { type: "text", maxlength: "300", required: true });
  by("card").replaceChildren(
    element("h2", {}, card.name || t.staff.no_name),
    element("p", {}, [counted(t.staff, "points", card.points), card.tier].filter(Boolean).join(" · ")),
    done ? element("p", { class: "good", id: "card_done", role: "status" }, done) : "",
    element("h3", {}, t.staff.coupons),
    card.coupons.length ? element("ul", { class: "plain" }, ...card.coupons.map((one) => couponLine(to, one, again))) : element("p", { class: "soft" }, t.staff.no_coupons),
    element("h3", {}, t.staff.looked_at),
    listed(card.looked_at.map((one) => `${one.name} · ${counted(t.staff, "visits", one.visits)}, ${day(one.last_at)}`), t.staff.looked_at_nothing),
    element("h3", {}, t.staff.purchases),
    listed(card.purchases.map(purchase), t.staff.no_purchases),
    element("h3", {}, t.staff.notes),
    listed(card.notes.map((one) => `${one.text} (${one.by}, ${day(one.at)})`), t.staff.no_notes),
    form(t.staff.note, note, t.staff.write, async (text) => {
      await call("POST", `${to}/notes`, { text });
      await again(t.staff.noted);
    }),
    element("h3", {}, t.staff.orders),
    listed(orderLines(card), t.staff.no_orders),
    orderFor(store, to, again),
  );
  if (card.points_left) {
    const left = fill(t.staff.add_points, { most: card.points_left });
    by("card").append(
      form(left, points, t.staff.add, async (text) => {
        await call("POST", `${to}/points`, { points: Number(text) });
        await again(counted(t.staff, "added", Number(text)));
      }),
    );
  }
  by("card").hidden = false;
}
