// Keys that do something by themselves; everybody can switch them off in the preferences.
import { openPalette } from "./palette.js";

const isOn = document.documentElement.dataset.shortcuts !== "off";
const writable = "input, textarea, select, [contenteditable], [role=application]";

function goToFilter() {
  const filters = document.querySelectorAll("main [data-filter], main input[type=search]");
  const filter = [...filters].find((one) => one.checkVisibility());
  if (filter) filter.focus();
  else openPalette();
}

function showHelp() {
  const help = document.getElementById("shortcuts");
  if (help && !help.open) help.showModal();
}

function stepRow(event, step) {
  const row = event.target.closest?.("tbody tr");
  const links = row ? [...row.parentElement.querySelectorAll("tr > th a")] : [];
  const at = links.findIndex((link) => row.contains(link));
  const next = links[at + step];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) showHelp();
});

const single = { "/": goToFilter, "?": showHelp };

if (isOn) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(writable) || document.querySelector("dialog[open]")) return;
    if (event.key in single) {
      event.preventDefault();
      single[event.key]();
    } else if (event.key === "ArrowDown") stepRow(event, 1);
    else if (event.key === "ArrowUp") stepRow(event, -1);
  });
}
