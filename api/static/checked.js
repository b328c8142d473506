// A form that says beside a field what is wrong with it, in our words: a browser's own bubble is gone before it is read.
import { element } from "./dom.js";
import { t } from "./texts.js";

let fields = 0;

function mark(input, text) {
  clear(input);
  const id = `checked_${(fields += 1)}`;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  input.closest("label").after(element("span", { class: "wrong bad", id, "data-wrong": "" }, text));
}

function clear(input) {
  const wrong = input.closest("label").nextElementSibling;
  if (!wrong?.hasAttribute("data-wrong")) return;
  const others = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== wrong.id);
  input.removeAttribute("aria-invalid");
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
  wrong.remove();
}

const why = (input) => (input.value.trim() === "" ? t.staff.empty : t.staff.unreadable);
const good = (input) => input.checkValidity() && !(input.required && input.value.trim() === "");

// `send()` is called once every field is right; the first that is not has the focus.
export function checked(form, send) {
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const inputs = [...form.querySelectorAll("input")];
    inputs.forEach(clear);
    const wrong = inputs.filter((input) => !good(input));
    wrong.forEach((input) => mark(input, why(input)));
    if (wrong.length) wrong[0].focus();
    else send();
  });
}
