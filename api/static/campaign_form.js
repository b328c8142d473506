// The campaign's form without presses of a button: fields that its kind of offer has, the place lit, the law as one types.
// Everything here is there without scripts, too: the buttons below the form do the same.
const form = document.getElementById("campaign");
const PAUSE_MS = 700;
let waiting = 0;
let latest = 0;

const field = (name) => form.elements.namedItem(name);

function showKind() {
  for (const row of form.querySelectorAll("[data-kinds]")) row.hidden = !row.dataset.kinds.split(" ").includes(field("kind").value);
}

function lightPlace() {
  const asked = new URLSearchParams({ place: field("place").value, radius_m: field("radius_m").value.replace(",", ".") || "3" });
  const address = `${form.action.split("/_form")[0]}/_place.svg?${asked}`;
  const picture = document.getElementById("lit");
  if (picture && picture.src !== address) picture.src = address;
}

function markWrong(page) {
  for (const input of form.querySelectorAll("[id^=field-]")) {
    const looked = page.getElementById(input.id);
    const note = page.getElementById(`wrong-${input.name}`);
    document.getElementById(`wrong-${input.name}`)?.remove();
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (looked?.hasAttribute(name)) input.setAttribute(name, looked.getAttribute(name));
      else input.removeAttribute(name);
    }
    if (note) input.parentElement.append(note);
  }
}

async function look() {
  const mine = ++latest;
  const body = new URLSearchParams(new FormData(form));
  body.set("do", "check");
  const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
  if (!answer?.ok || mine !== latest) return; // the next change, or the button, says it again
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("told");
  if (!found) return;
  markWrong(page);
  const old = document.getElementById("told");
  if (old) old.replaceWith(found);
  else document.getElementById("preview").prepend(found);
}

form.addEventListener("input", (event) => {
  showKind();
  if (["place", "radius_m"].includes(event.target.name)) lightPlace();
  clearTimeout(waiting);
  waiting = setTimeout(look, PAUSE_MS);
});
showKind();
