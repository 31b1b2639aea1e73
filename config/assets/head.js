// Resolves the "system" theme before the first paint, follows the system while the page is open, prints in light.
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function resolveTheme() {
  const setting = root.dataset.themeSetting;
  const theme = setting === "dark" || (setting === "system" && dark.matches) ? "dark" : "light";
  if (root.dataset.bsTheme !== theme) root.dataset.bsTheme = theme;
}

root.classList.add("has-script");
resolveTheme();
dark.addEventListener("change", resolveTheme);
window.addEventListener("beforeprint", () => {
  root.dataset.bsTheme = "light";
});
window.addEventListener("afterprint", resolveTheme);
