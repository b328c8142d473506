// The page's sentences, as the server put them into it: `t.page.sentence`, the same names as everywhere.
export const t = JSON.parse(document.getElementById("texts").textContent);

export const lang = document.documentElement.lang;
// Of days and hours, as the server writes them: 29 Nov, 14:05.
export const days = lang === "en" ? "en-GB" : lang;
const rules = new Intl.PluralRules(lang);

// A sentence with its {names} filled in.
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// The sentence for n of something: key_one or key_other.
export function counted(page, key, n) {
  return fill(page[`${key}_${rules.select(n) === "one" ? "one" : "other"}`], { n: n.toLocaleString(lang) });
}

// Whether a title begins with what its badge says, whatever the spaces and dashes: said once is enough.
export function beginsWith(title, badge) {
  const [said, again] = [title, badge].map((text) => text.replace(/[\s−–-]/g, "").toLowerCase());
  return again !== "" && said.startsWith(again);
}
