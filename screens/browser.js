// Keys go to the wizard as soon as it has drawn something, without a click; before that its socket cannot be told of it.
const waiting = setInterval(() => {
  const keys = document.querySelector("body.-first-byte .xterm-helper-textarea");
  if (keys) {
    clearInterval(waiting);
    keys.focus();
  }
}, 50);
