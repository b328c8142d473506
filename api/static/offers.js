// Offers that one may ask for.
import { element } from "./dom.js";
import { call } from "./http.js";
import { beginsWith, fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);

// `take` is given what asks for it.
export async function showOffers(take) {
  const { items } = await call("GET", `/v1/me/offers?lang=${lang}`);
  by("on_request").hidden = items.length === 0;
  by("offers").replaceChildren(...items.map((offer) => line(offer, take)));
}

function line(offer, take) {
  const ask = () => call("POST", `/v1/me/offers/${offer.campaign_id}?lang=${lang}`);
  const label = fill(t.me.get_it_of, { title: offer.title });
  const button = element("button", { type: "button", "aria-label": label, "data-offer": offer.campaign_id }, t.me.get_it);
  if (offer.taken) {
    button.textContent = t.me.taken;
    button.removeAttribute("aria-label");
  }
  button.disabled = offer.taken;
  button.addEventListener("click", async () => {
    button.disabled = true;
    await take(ask); // draws the list anew, unless the network is away
    button.disabled = false;
  });
  return element(
    "li",
    {},
    element(
      "span",
      {},
      beginsWith(offer.title, offer.badge) ? null : element("b", {}, `${offer.badge} `),
      offer.title,
      offer.goods.after ? element("small", {}, ` ${offer.goods.after}`) : null,
      offer.least ? element("small", {}, ` ${offer.least}`) : null,
      offer.warning ? element("small", {}, ` ${offer.warning}`) : null,
    ),
    button,
  );
}
