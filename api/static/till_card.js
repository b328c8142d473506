// A shopper's card at the till: what it has, and what its points buy. A code is good for a moment and this till alone.
import { element } from "./dom.js";
import { fill, lang, t } from "./texts.js";

export const isCard = (text) => /^\s*RC\s*:/i.test(text);
const count = (n) => n.toLocaleString(lang);

// Shows the card in `box`; `ask(path, body, then)` calls the server, `bought(code)` goes on with the voucher.
export function showCard(box, body, ask, bought) {
  return ask("/v1/till/card", body, (card) => {
    const tier = card.tier ? ` · ${fill(t.till_card.tier, { tier: card.tier })}` : "";
    const waiting = card.pending ? ` · ${fill(t.till_card.pending, { n: count(card.pending) })}` : "";
    const rewards = card.rewards.map((reward) => element("li", {}, element("span", {}, element("b", { class: "badge" }, reward.badge), ` ${reward.title}${reward.least ? ` · ${reward.least}` : ""}`), choice(reward)));
    box.hidden = false;
    box.replaceChildren(
      element("p", { class: "goods" }, fill(t.till_card.points, { n: count(card.spendable) }), tier, waiting),
      rewards.length ? element("ul", { class: "uses", id: "rewards" }, ...rewards) : element("p", {}, t.till_card.no_rewards),
    );
  });

  function choice(reward) {
    if (reward.missing) return element("span", { class: "soft small" }, fill(t.till_card.missing, { n: count(reward.missing) }));
    const button = element("button", { type: "button", "data-reward": reward.reward }, fill(t.till_card.buy, { n: count(reward.points) }));
    button.addEventListener("click", () => {
      button.disabled = true;
      ask("/v1/till/card/reward", { ...body, reward: reward.reward }, (answer) => bought(answer.code));
    });
    return button;
  }
}
