// The few lines of behaviour that htmx and HTML do not cover; every page works without them.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./kept.js";
import "./keys.js";
import "./passkeys.js";

window.htmx = htmx;

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = source.value ?? source.textContent;
  await navigator.clipboard.writeText(text.trim());
  announce(button.dataset.copied);
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  window.setTimeout(() => {
    label.textContent = before;
  }, 2000);
}

function showView(button) {
  const figure = button.closest("figure");
  figure.dataset.view = button.dataset.show;
  for (const other of button.parentElement.querySelectorAll("button")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  const copyButton = event.target.closest("[data-copy]");
  if (copyButton) copy(copyButton);
  const viewButton = event.target.closest(".segmented [data-show]");
  if (viewButton) showView(viewButton);
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".toast-message").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});

// Whoever types a date of their own means it: the select beside it follows. Before htmx hears of the change.
document.addEventListener(
  "change",
  (event) => {
    const { choose, choice } = event.target.dataset ?? {};
    if (choose) document.getElementById(choose).value = choice;
  },
  true,
);

// A plain form in flight says so and cannot be sent twice; the button is freed when Back restores the page.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.defaultPrevented || event.target.hasAttribute("hx-post")) return;
  window.setTimeout(() => {
    button.disabled = true;
    if (button.dataset.busy) (button.querySelector("[data-busy-label]") ?? button).textContent = button.dataset.busy;
  });
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});

let spokenQuarter = -1;
function speakProgress(root) {
  const bar = root.querySelector?.("progress[data-speak]");
  if (!bar) return;
  const quarter = Math.floor((4 * bar.value) / (bar.max || 1));
  if (quarter > spokenQuarter && spokenQuarter >= 0) announce(bar.dataset.speak);
  spokenQuarter = quarter;
}

document.addEventListener("htmx:load", (event) => {
  const summary = document.querySelector(".error-summary");
  if (summary && event.target.contains(summary)) summary.focus();
  speakProgress(event.target);
});

// Refusals come as a toast that names its own place: swap them in, although their status is an error.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Retarget")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

// A poll that fails leaves the last numbers standing and says so once, above them.
document.addEventListener("htmx:sendError", () => announce(document.body.dataset.offline ?? ""));

// A form that has no better idea proposes the browser's own time zone.
const zones = document.querySelector("select[data-browser-time-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && [...zones.options].some((option) => option.value === zone)) zones.value = zone;
