// Whether a coupon's product is here, with the age of that, and an order where it is not. Asked for when it is shown:
// nothing of it is kept, since it would be old.
import { call } from "./http.js";
import { element } from "./dom.js";
import { fill, lang, t } from "./texts.js";

const AGAIN_MS = 60_000;

// Fills `box`; the lines are told anew every minute while it is on the page, the form stays as it was filled in.
export async function showStock(box, { store, sku }, done) {
  const told = await call("GET", `/v1/me/stock?store=${encodeURIComponent(store)}&sku=${encodeURIComponent(sku)}&lang=${lang}`);
  if (!told.items.length) return;
  const here = element("div", {});
  const rest = element("ul", { class: "plain small" });
  const draw = (items) => {
    here.replaceChildren(...items.filter((one) => one.store === store).map((one) => element("p", { class: "stock", "data-state": one.state }, one.text)));
    rest.replaceChildren(...items.filter((one) => one.store !== store).map((one) => element("li", {}, one.text)));
  };
  draw(told.items);
  const form = told.ways.length ? (await import("./stock_order.js")).orderForm(store, told, done) : null;
  box.replaceChildren(here, form || rest.children.length ? element("details", {}, element("summary", {}, t.stock.order), rest, form) : "");
  const again = setInterval(async () => {
    if (!box.isConnected) return clearInterval(again);
    const news = await call("GET", `/v1/me/stock?store=${encodeURIComponent(store)}&sku=${encodeURIComponent(sku)}&lang=${lang}`).catch(() => null);
    if (news) draw(news.items);
    else here.replaceChildren(), rest.replaceChildren(); // how it is now is not known
  }, AGAIN_MS);
}

export async function showAsked(into) {
  const { items } = await call("GET", `/v1/me/orders?lang=${lang}`);
  const named = (one) => [one.name, one.variant].filter(Boolean).join(", ");
  const what = (one) => fill(t.asked.line, { name: named(one), way: one.way_text });
  const line = (one) => element("li", { "data-request": one.request }, element("span", {}, what(one)), element("span", {}, one.text));
  into.replaceChildren(...(items.length ? [element("h2", {}, t.asked.title), element("ul", { class: "past paper" }, ...items.map(line))] : []));
  into.hidden = items.length === 0;
}
