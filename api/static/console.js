// Pages of figures work without this: it shows figures beside the pointer, the focus or the finger, and plays the heat.

const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true"); // readers have the same from the link's own name
document.body.append(tip);

function show(mark) {
  const said = mark.getAttribute("aria-label");
  if (!said) return;
  const box = mark.getBoundingClientRect();
  tip.textContent = said;
  tip.hidden = false;
  const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${scrollX + Math.max(8, left)}px`;
  tip.style.top = `${scrollY + (above > 8 ? above : Math.min(box.top + 8, innerHeight - tip.offsetHeight - 8))}px`;
}

// On a phone the pages are one row that scrolls: the one that is shown is in sight.
const shownPage = document.querySelector(".views [aria-current]");
if (shownPage) {
  const row = shownPage.parentElement;
  row.scrollLeft += shownPage.getBoundingClientRect().left - row.getBoundingClientRect().left - row.clientWidth / 3;
}

const marks = ".chart a, .zone-link, .grid td a";
for (const [begins, ends] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(begins, (event) => {
    const mark = event.target.closest?.(marks);
    if (mark) show(mark);
  });
  document.addEventListener(ends, () => (tip.hidden = true));
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  tip.hidden = true;
  for (const open of document.querySelectorAll(".why[open]")) open.open = false;
});
// A finger shows the figures first; the second tap on the same mark follows its link.
let touched = null;
document.addEventListener("click", (event) => {
  const mark = event.target.closest?.(marks);
  if (mark && event.pointerType === "touch" && touched !== mark) {
    event.preventDefault();
    show(mark);
  }
  touched = mark;
});

const playback = document.getElementById("playback");
if (playback) {
  const at = document.getElementById("at");
  const when = document.getElementById("when");
  const play = document.getElementById("play");
  const plan = document.getElementById("moment");
  const moments = [...document.getElementById("moments").options].map((option) => option.label);
  const kept = new Map();
  let timer = 0;

  async function drawn(i) {
    if (!kept.has(i)) {
      const answer = await fetch(`${playback.dataset.base}&at=${i}`);
      if (!answer.ok) throw new Error(String(answer.status));
      kept.set(i, await answer.text());
    }
    return kept.get(i);
  }

  async function look() {
    const i = Number(at.value);
    when.textContent = moments[i];
    at.setAttribute("aria-valuetext", moments[i]);
    try {
      const svg = await drawn(i);
      if (Number(at.value) === i) plan.replaceChildren(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));
    } catch {
      stop();
    }
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = play.dataset.play;
  }

  play.hidden = false;
  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = play.dataset.pause;
    timer = setInterval(() => {
      at.value = String((Number(at.value) + 1) % moments.length);
      look();
    }, 900);
    look();
  });
  at.addEventListener("input", () => {
    if (timer) stop();
    look();
  });
  playback.addEventListener("submit", (event) => event.preventDefault());
}
