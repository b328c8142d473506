// The form that orders what is not here: fetched where there is a way to have it, which most coupons never need.
import { call } from "./http.js";
import { element } from "./dom.js";
import { lang, t } from "./texts.js";

const option = (value, text) => element("option", { value }, text);
const articles = (items) => [...new Map(items.map((one) => [`${one.sku}|${one.variant}`, one])).values()];

function said(into, failure) {
  into.replaceChildren(t.asked_refusals[failure.code] ?? t.asked_refusals.other);
  if (failure.code === "order_nobody") into.append(" ", element("a", { href: `/me/identity?lang=${lang}` }, t.asked.identify));
}

export function orderForm(store, told, done) {
  const choices = articles(told.items);
  const size = element("select", { name: "size" }, ...choices.map((one, n) => option(n, one.label || told.name)));
  const how = element("select", { name: "how" }, ...told.ways.map((way, n) => option(n, way.text)));
  const answer = element("p", { role: "status" });
  const button = element("button", { class: "main" }, t.stock.send);
  const form = element("form", {}, element("label", { class: "field" }, t.stock.size, size), element("label", { class: "field" }, t.stock.how, how), button, answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { sku, variant } = choices[size.value];
    const { way, to_store } = told.ways[how.value];
    button.disabled = true;
    try {
      await call("POST", `/v1/me/orders?lang=${lang}`, { store, sku, variant, way, to_store });
      answer.textContent = t.asked.sent;
      await done();
    } catch (failure) {
      said(answer, failure);
    }
    button.disabled = false;
  });
  return form;
}
