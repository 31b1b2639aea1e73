// What a passkey's dialog ended in, where it did not end well: the page says so, since the console is nobody's place.
document.addEventListener("allauth.error", (event) => {
  const notice = document.querySelector("[data-passkey-failed]");
  if (!notice) return;
  event.preventDefault();
  notice.hidden = false;
});
