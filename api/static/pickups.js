// A shopper's orders that wait in a store: the code, and once they have come in the way.
import { call } from "./http.js";
import { element } from "./dom.js";
import { fill, lang, t } from "./texts.js";

const drawn = (svg) => element("div", { class: "qr" }, document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));

function pickupCard(order) {
  const code = drawn(order.qr_svg);
  code.setAttribute("role", "img");
  code.setAttribute("aria-label", t.pickup.qr);
  const way = order.way ? element("div", { class: "way" }, element("p", {}, order.way.text)) : null;
  if (way) way.append(drawn(order.way.svg));
  return element(
    "article",
    { class: "coupon", "data-order": order.order },
    element("div", { class: "offer" }, element("h3", {}, fill(t.pickup.order, { order: order.order, total: order.total })), element("p", {}, fill(t.pickup.waits, { store: order.store_name, place: order.place }))),
    element("div", { class: "tear" }, code, element("p", { class: "digits" }, order.code_spaced), element("p", { class: "soft small" }, t.pickup.show), way),
  );
}

export async function showPickups(into) {
  const { items } = await call("GET", `/v1/me/pickups?lang=${lang}`);
  into.replaceChildren(...(items.length ? [element("h2", {}, t.pickup.title)] : []), ...items.map(pickupCard));
  into.hidden = items.length === 0;
}
