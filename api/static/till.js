// The smallest till that works: scan or type the code, say what is in the basket, check, redeem, void.
import { Refusal, call } from "./http.js";
import { element } from "./dom.js";
import { fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const kept = { key: "rayon_till_key", till: "rayon_till_name", store: "rayon_till_store" };
const basket = new Map(); // sku -> quantity
let stores = [];

const authorised = () => ({ Authorization: `Bearer ${localStorage.getItem(kept.key)}` });
const shop = () => stores.find((s) => s.store === by("store").value);
const money = (minor) => {
  const { currency, currency_exponent: digits } = shop(); // browsers know other decimals than ISO 4217, for IQD say
  const format = new Intl.NumberFormat(lang, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(minor / 10 ** digits);
};

function askForKey() {
  by("sign_in").hidden = false;
  by("desk").hidden = true;
}

async function open() {
  if (!localStorage.getItem(kept.key)) return askForKey();
  try {
    stores = (await call("GET", "/v1/till/stores", undefined, authorised())).items;
  } catch (failure) {
    by("key").setCustomValidity(refusal(failure.code));
    return askForKey();
  }
  by("sign_in").hidden = true;
  by("sign_out").hidden = false;
  by("desk").hidden = false;
  by("store").replaceChildren(...stores.map((s) => element("option", { value: s.store }, s.name)));
  if (stores.some((s) => s.store === localStorage.getItem(kept.store))) by("store").value = localStorage.getItem(kept.store);
  changeStore();
}

function changeStore() {
  localStorage.setItem(kept.store, by("store").value);
  basket.clear();
  const options = shop().products.map((p) => element("option", { value: p.sku }, `${p.name} · ${money(p.price_minor)}`));
  by("product").replaceChildren(element("option", { value: "" }, t.till.choose), ...options);
  drawBasket();
  by("code").focus();
}

function drawBasket() {
  const rows = [...basket].map(([sku, quantity]) => {
    const product = shop().products.find((p) => p.sku === sku);
    const less = element("button", { type: "button", "aria-label": t.till.remove, onclick: () => change(sku, -1) }, "−");
    const more = element("button", { type: "button", "aria-label": t.till.add, onclick: () => change(sku, 1) }, "+");
    return element(
      "tr", {},
      element("td", {}, product.name), element("td", { class: "number" }, less, ` ${quantity} `, more),
      element("td", { class: "number" }, money(product.price_minor * quantity)),
    );
  });
  by("lines").replaceChildren(...rows);
}

function change(sku, by_) {
  const quantity = (basket.get(sku) || 0) + by_;
  if (quantity > 0) basket.set(sku, quantity);
  else basket.delete(sku);
  drawBasket();
}

function request() {
  const lines = [...basket].map(([sku, quantity]) => {
    const product = shop().products.find((p) => p.sku === sku);
    return { sku, category: product.category, quantity, unit_price_minor: product.price_minor };
  });
  return { code: by("code").value, store: shop().store, till: localStorage.getItem(kept.till), basket: { currency: shop().currency, lines } };
}

function say(kind, title, ...more) {
  by("answer").hidden = false;
  by("answer").replaceChildren(element("h2", { class: kind }, title), ...more);
}

function refusal(code = "other") {
  return t.till_refusals[code.replace(/^voucher_/, "")] ?? t.till_refusals.other;
}

async function ask(path, body, then) {
  try {
    then(await call("POST", path, body, authorised()));
  } catch (failure) {
    say("bad", refusal(failure.code));
    if (failure instanceof Refusal && failure.status === 401) await open();
  }
}

by("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = request();
  ask("/v1/till/check", body, (result) => {
    if (!result.ok) {
      say("bad", refusal(result.reason));
      return;
    }
    const go = element("button", { type: "button", class: "main", id: "redeem" }, t.till.redeem);
    go.addEventListener("click", () => {
      go.disabled = true;
      ask("/v1/till/redeem", body, (redeemed) => {
        const undo = element("button", { type: "button", class: "danger" }, t.till.undo);
        undo.addEventListener("click", () => {
          undo.disabled = true;
          ask("/v1/till/void", { redemption_id: redeemed.redemption_id, store: body.store, till: body.till }, () => say("bad", t.till.undone));
        });
        say("good", fill(t.till.redeemed, { amount: money(redeemed.discount_minor) }), undo);
        by("code").value = "";
        basket.clear();
        drawBasket();
        by("code").focus();
      });
    });
    const less = result.reason === "legal_cap" ? [element("p", {}, t.till.legal_cap)] : [];
    say("good", `−${money(result.discount_minor)}`, ...less, go);
  });
});
by("product").addEventListener("change", () => {
  if (by("product").value) change(by("product").value, 1);
  by("product").value = "";
});
by("store").addEventListener("change", changeStore);
by("sign_in").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(kept.key, by("key").value);
  localStorage.setItem(kept.till, by("till_name").value);
  open();
});
by("key").addEventListener("input", () => by("key").setCustomValidity(""));
by("sign_out").addEventListener("click", () => {
  localStorage.removeItem(kept.key);
  location.reload();
});
open();
