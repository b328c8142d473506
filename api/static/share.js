// The phone's own share sheet where it has one; plain links where it has not.
import { element } from "./dom.js";
import { t } from "./texts.js";

export function shareLinks(link, voucher) {
  const url = encodeURIComponent(link);
  const text = encodeURIComponent(voucher.title);
  const places = [
    ["WhatsApp", `https://wa.me/?text=${text}%20${url}`],
    ["Facebook", `https://www.facebook.com/sharer/sharer.php?u=${url}`],
    ["X", `https://x.com/intent/post?text=${text}&url=${url}`],
    [t.share_links.email, `mailto:?subject=${text}&body=${url}`],
  ];
  const anchors = places.map(([name, href]) => element("a", { class: "button", href, target: "_blank", rel: "noopener noreferrer" }, name));
  const copy = element("button", { type: "button" }, t.share_links.copy);
  copy.addEventListener("click", async () => {
    await copied(link);
    copy.textContent = t.share_links.copied;
  });
  return [...anchors, copy];
}

async function copied(link) {
  if (navigator.clipboard) return navigator.clipboard.writeText(link);
  const field = element("input", { type: "text", value: link }); // plain http has no clipboard
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// The deal as a file: what a sheet shows that takes files. A phone without a network shares the link alone.
async function pictureOf(pictureUrl) {
  if (!pictureUrl || !navigator.canShare) return [];
  try {
    const answer = await fetch(new URL(pictureUrl).pathname); // our own, whatever name the server has outside
    if (!answer.ok) return [];
    const file = new File([await answer.blob()], "rayon.png", { type: "image/png" });
    return navigator.canShare({ files: [file] }) ? [file] : [];
  } catch {
    return [];
  }
}

export async function phoneSheet(link, voucher, pictureUrl) {
  if (!navigator.share) return false;
  const files = await pictureOf(pictureUrl);
  const said = { title: voucher.title, text: voucher.text, url: link };
  try {
    await navigator.share(files.length ? { ...said, files } : said);
  } catch (failure) {
    if (failure.name !== "AbortError") return false; // closed by its owner: that is an answer too
  }
  return true;
}
