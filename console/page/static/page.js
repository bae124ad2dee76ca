// Brings the status page up to date every ten seconds while it is looked at. Without this file the browser loads it again every thirty.
"use strict";

const SECONDS = 10;

async function refresh() {
  const selected = document.getSelection();
  if (document.hidden || (selected !== null && !selected.isCollapsed)) {
    return; // Nobody looks, or a command is being copied.
  }
  const answer = await fetch(location.pathname, { cache: "no-store", redirect: "error" });
  if (answer.status === 401) {
    location.reload(); // The session has ended: the log-in form is shown.
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [shown, next] = [document.getElementById("live"), fresh.getElementById("live")];
  if (!answer.ok || shown === null || next === null) {
    throw new Error(`the answer has status ${answer.status}`);
  }
  for (const details of shown.querySelectorAll("details[open]")) {
    fresh.getElementById(details.id)?.setAttribute("open", "");
  }
  shown.replaceWith(next);
  document.title = fresh.title;
}

setInterval(() => {
  refresh().then(
    () => document.body.classList.remove("stale"),
    () => document.body.classList.add("stale"), // The page says since when it is old: its time stands still.
  );
}, SECONDS * 1000);
