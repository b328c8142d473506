// Nobody is signed in here; but perhaps somebody was, and this phone still has their coupons.
import { kept } from "./kept.js";

const wallet = await kept();
const open = (wallet?.items ?? []).filter((voucher) => Date.parse(voucher.expires_at) > wallet.clock.latest_ms);
document.getElementById("kept").hidden = open.length === 0;
