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

export async function phoneSheet(link, voucher) {
  if (!navigator.share) return false;
  try {
    await navigator.share({ title: voucher.title, text: voucher.text, url: link });
  } catch (failure) {
    if (failure.name !== "AbortError") return false; // closed by its owner: that is an answer too
  }
  return true;
}
