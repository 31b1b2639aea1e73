// The command palette: a dialog over the search page's own address. Without script the link leads to that page.
const palette = document.getElementById("palette");
const field = document.getElementById("palette-text");
const list = document.getElementById("palette-list");

const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
const chosen = () => list.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

function move(step) {
  const all = options();
  if (!all.length) return;
  const at = all.indexOf(chosen());
  choose(all[(at + step + all.length) % all.length]);
}

function openHit(option, inNewTab) {
  if (!option) return;
  if (inNewTab) window.open(option.dataset.link, "_blank", "noopener");
  else window.location.assign(option.dataset.link);
}

// Whoever types fast presses Enter before the list has followed: what the finished text finds first is opened then.
let isBehind = false;
let isAwaited = false;

const steps = { ArrowDown: 1, ArrowUp: -1 };

export function openPalette() {
  if (!palette || palette.open) return;
  field.value = "";
  isBehind = isAwaited = false;
  // The browser gives the focus back to where it was when the dialog closes.
  palette.showModal();
  field.focus();
  window.htmx.trigger(field, "palette:open");
}

if (palette) {
  field.addEventListener("keydown", (event) => {
    // Enter also ends the choice of a Japanese conversion: that one is not meant for the list.
    if (event.isComposing) return;
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === "Enter" && isBehind) isAwaited = true;
    else if (event.key === "Enter") openHit(chosen(), event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });
  field.addEventListener("input", () => {
    isBehind = true;
    isAwaited = false;
  });
  list.addEventListener("htmx:afterSwap", (event) => {
    isBehind = new URLSearchParams(event.detail.requestConfig.formData).get("q") !== field.value;
    choose(options()[0]);
    if (isAwaited && !isBehind) openHit(chosen());
  });
  list.addEventListener("click", (event) => {
    openHit(event.target.closest("[data-link]"), event.ctrlKey || event.metaKey);
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    document.getElementById("sidebar")?.matches(":popover-open") && document.getElementById("sidebar").hidePopover();
    openPalette();
  });
}
