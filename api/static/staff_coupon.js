// A coupon of the card, honoured by hand: what is bought at which price, once more to be sure, and what came off.
import { call, freshKey } from "./http.js";
import { checked } from "./checked.js";
import { element } from "./dom.js";
import { fill, lang, t } from "./texts.js";

const refused = (failure) => t.staff_refusals[failure.code] ?? t.till_refusals[(failure.code ?? "other").replace(/^voucher_/, "")] ?? t.staff_refusals.other;

function money(minor, { currency, currency_exponent: digits }) {
  const format = new Intl.NumberFormat(lang, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(minor / 10 ** digits);
}

const written = (minor, digits) => (minor === null ? "" : (minor / 10 ** digits).toFixed(digits));
const minorOf = (text, digits) => Math.round(Number(text.replace(",", ".")) * 10 ** digits);

// `again(done)` draws the card anew, with the sentence that says what was done.
export function couponLine(to, one, again) {
  const box = element("div", { class: "honour" });
  const button = element("button", { type: "button", "data-honour": one.voucher_id, "aria-label": `${t.staff.honour}: ${one.title}` }, t.staff.honour);
  const closed = () => {
    box.replaceChildren(button);
    button.focus();
  };
  button.addEventListener("click", () => ask(box, to, one, again, closed));
  box.append(button);
  return element("li", {}, `${one.badge} · ${one.title}`, box);
}

function ask(box, to, one, again, closed) {
  const digits = one.currency_exponent;
  const sku = element("input", { type: "text", maxlength: "64", required: true, value: one.sku ?? "" });
  const quantity = element("input", { type: "text", inputmode: "numeric", pattern: "[1-9][0-9]{0,4}", maxlength: "5", required: true, value: "1" });
  const pattern = digits ? `[0-9]{1,9}([.,][0-9]{1,${digits}})?` : "[0-9]{1,12}";
  const price = element("input", { type: "text", inputmode: "decimal", pattern, maxlength: "14", required: true, value: written(one.unit_price_minor, digits) });
  const field = (label, input) => element("label", { class: "field" }, label, input);
  const back = element("button", { type: "button", class: "plain", onclick: closed }, t.staff.back);
  const form = element("form", {}, field(t.staff.article, sku), field(t.staff.quantity, quantity), field(fill(t.staff.unit_price, { currency: one.currency }), price), element("button", {}, t.staff.next), back);
  checked(form, () => {
    sure(box, to, one, { sku: sku.value.trim(), quantity: Number(quantity.value), unit_price_minor: minorOf(price.value, digits) }, again, closed);
  });
  box.replaceChildren(form);
  (one.sku ? quantity : sku).focus();
}

function sure(box, to, one, line, again, closed) {
  const key = freshKey(); // one for however often it is pressed: a use that did arrive is not done twice
  const answer = element("p", { role: "status" });
  const yes = element("button", { type: "button", class: "main" }, t.staff.honour_yes);
  const back = element("button", { type: "button", class: "plain", onclick: closed }, t.staff.back);
  yes.addEventListener("click", async () => {
    yes.disabled = true;
    try {
      const done = await call("POST", `${to}/coupons/${one.voucher_id}?lang=${lang}`, { lines: [line] }, { "Idempotency-Key": key });
      const amount = money(done.discount_minor, one);
      await again(fill(t.staff.honoured, { amount }));
    } catch (failure) {
      answer.textContent = refused(failure);
      answer.className = "bad";
      yes.disabled = false;
    }
  });
  const price = money(line.unit_price_minor, one);
  const question = fill(t.staff.honour_sure, { title: one.title, n: line.quantity.toLocaleString(lang), article: line.sku, price });
  box.replaceChildren(element("p", {}, question), element("div", { class: "links" }, yes, back), answer);
  yes.focus();
}
