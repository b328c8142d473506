// With a clerk: what there is in which size and store, an order for who is recognised, and what became of all of them.
import { call } from "./http.js";
import { checked } from "./checked.js";
import { element } from "./dom.js";
import { fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const option = (value, text) => element("option", { value }, text);
const refused = (failure) => t.staff_refusals[failure.code] ?? t.staff_refusals.other;
const named = (one) => [one.name, one.variant].filter(Boolean).join(", ");
const line = (one) => fill(t.staff.line, { name: named(one), way: one.way_text, text: one.text });

// Every order asked for here lately, of nobody by name; one that the e-shop did not take is sent again.
export function drawOrders(store, orders) {
  by("asked").hidden = orders.length === 0;
  by("asked_orders").replaceChildren(
    ...orders.map((one) => {
      const again = one.state === "undelivered" ? element("button", { type: "button" }, t.staff.again) : null;
      again?.addEventListener("click", async () => {
        again.disabled = true;
        await call("POST", `/v1/staff/${store}/orders/${one.request}/again?lang=${lang}`).catch((failure) => (by("said").textContent = refused(failure)));
      });
      return element("li", { "data-request": one.request }, line(one), again);
    }),
  );
}

export const orderLines = (card) => card.orders.map(line);

function choose(told, sku, send) {
  const choices = told.items.length ? [...new Map(told.items.map((one) => [`${one.sku}|${one.variant}`, one])).values()] : [{ sku, variant: "", label: "" }];
  const size = element("select", { name: "size" }, ...choices.map((one, n) => option(n, one.label || told.name)));
  const how = element("select", { name: "how" }, ...told.ways.map((way, n) => option(n, way.text)));
  const form = element("form", {}, element("label", { class: "field" }, t.staff.size, size), element("label", { class: "field" }, t.staff.how, how), element("button", {}, t.staff.send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { variant, sku: chosen } = choices[size.value];
    const { way, to_store } = told.ways[how.value];
    send({ sku: chosen, variant, way, to_store });
  });
  return form;
}

export function orderFor(store, to, again) {
  const input = element("input", { type: "text", maxlength: "200", required: true });
  const found = element("div", { "aria-live": "polite" });
  const said = (failure) => found.replaceChildren(element("p", { class: "bad" }, refused(failure)));
  const send = (body) => call("POST", `${to}/orders?lang=${lang}`, body).then(again).catch(said);
  const form = element("form", { class: "order" }, element("label", { class: "field" }, t.staff.order_for, input), element("button", {}, t.staff.look));
  checked(form, async () => {
    const sku = input.value.trim();
    try {
      const told = await call("GET", `/v1/staff/${store}/stock?sku=${encodeURIComponent(sku)}&lang=${lang}`);
      const items = told.items.map((one) => element("li", {}, fill(t.staff.left, { text: one.text, n: one.quantity })));
      const list = items.length ? element("ul", { class: "plain" }, ...items) : element("p", { class: "soft" }, t.staff.nothing_told);
      found.replaceChildren(element("p", {}, element("b", {}, told.name)), list, ...(told.ways.length ? [choose(told, sku, send)] : []));
    } catch (failure) {
      said(failure);
    }
  });
  return element("div", {}, form, found);
}
