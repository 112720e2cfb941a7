"use strict";
// While a search runs: asks the server that wrote the page for newer data, and draws it in place.
dse.POLL_MS = 3000;

dse.follow = async () => {
  let version = `"${document.documentElement.dataset.live}"`;
  if (version === '""') return;
  const badge = dse.byId("live");
  const say = (words) => { badge.hidden = false; badge.textContent = words; };
  say("live");
  for (;;) {
    await new Promise((done) => { setTimeout(done, dse.POLL_MS); });
    try {
      const answer = await fetch("data", { headers: { "If-None-Match": version } });
      if (answer.status === 200) {
        version = answer.headers.get("ETag");
        dse.setPayload(await answer.json());
        dse.redrawInPlace();
      }
      say("live");
    } catch {
      say("not live: the server has ended");
    }
  }
};

// Draws everything anew; what the reader chose, where they scrolled and the focus stay.
dse.redrawInPlace = () => {
  const { scrollTop } = dse.byId("details");
  const { id, dataset } = document.activeElement;
  const row = document.activeElement.closest?.("tr")?.dataset.candidate;
  dse.readFragment();
  dse.draw();
  dse.byId("details").scrollTop = scrollTop;
  const again = id ? dse.byId(id)
    : row ? [...document.querySelectorAll("#table tbody tr")].find((one) => one.dataset.candidate === row)?.querySelector(".open")
      : dataset.sort ? document.querySelector(`[data-sort="${dataset.sort}"]`) : null;
  again?.focus({ preventScroll: true });
};
