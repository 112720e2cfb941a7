"use strict";
// Hands on the parallel axes: ranges by pointer and by keyboard, and the line under the pointer.
dse.held = null;  // the axis that the pointer drags a range on

// Sets a range by shares of its axis; an end that lies at the axis' own end is open.
dse.setShares = (axis, one, two) => {
  const [low, high] = [Math.min(one, two), Math.max(one, two)];
  const half = dse.isStepwise(axis.column) ? axis.step / 2 : 0.005;
  dse.change({ ranges: dse.withRange(axis.column, low < half ? null : axis.value(low), high > 1 - half ? null : axis.value(high)) });
};

dse.handleKey = (event) => {
  const handle = event.target.dataset.handle;
  if (!handle) return;
  const [column, end] = [handle.slice(0, handle.lastIndexOf("-")), handle.slice(handle.lastIndexOf("-") + 1)];
  const axis = dse.parallel.axes.find((one) => one.column === column);
  const move = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: -1e9, End: 1e9 }[event.key];
  if (event.key === "Delete" || event.key === "Backspace") dse.change({ ranges: dse.withRange(column, null, null) });
  else if (move) {
    event.preventDefault();
    const [low, high] = dse.rangeShares(axis);
    const moved = (share, least, most) => Math.min(most, Math.max(least, share + move * axis.step));
    if (end === "low") dse.setShares(axis, moved(low, 0, high), high);
    else dse.setShares(axis, low, moved(high, low, 1));
  }
};

// The design whose line lies nearest to a place, within 8 pixels; null where there is none.
dse.nearestLine = (x, y) => {
  const { rows, lines, axes, frame } = dse.parallel;
  const [main, other] = frame.flat ? [y, x] : [x, y];
  const [from, to] = [frame.across(0), frame.across(axes.length - 1)];
  const left = Math.min(axes.length - 2, Math.max(0, Math.floor((main - from) / (to - from) * (axes.length - 1))));
  const part = (main - frame.across(left)) / (frame.across(left + 1) - frame.across(left));
  const side = frame.flat ? 0 : 1;
  const chosen = new Set(dse.chosen());
  let [best, distance] = [null, 8];
  rows.forEach((row, place) => {
    const [a, b] = [lines[place][left], lines[place][left + 1]];
    if (!a || !b || !chosen.has(row)) return;
    const away = Math.abs(a[side] + part * (b[side] - a[side]) - other);
    if (away < distance) [best, distance] = [place, away];
  });
  return best;
};

dse.hoverLine = (x, y) => {
  const box = dse.byId("parallel");
  const place = dse.nearestLine(x, y);
  const [line, tip] = [box.querySelector(".hover"), box.querySelector(".tip")];
  line.setAttribute("d", place === null ? "" : dse.parallel.paths[place]);
  tip.hidden = place === null;
  box.style.cursor = place === null ? "" : "pointer";
  if (place === null) return;
  const row = dse.parallel.rows[place];
  tip.textContent = `${row.candidate} · ${dse.study().ap} ${dse.show(row.shown_ap, "ap")} · ${dse.show(row.latency_ms, "ms")}`;
  tip.style.left = `${Math.max(0, Math.min(x + 12, box.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(0, y - 34)}px`;
};

dse.wireParallel = () => {
  const box = dse.byId("parallel");
  const place = (event) => { const at = box.getBoundingClientRect(); return [event.clientX - at.x, event.clientY - at.y]; };
  box.addEventListener("keydown", dse.handleKey);
  box.addEventListener("pointerdown", (event) => {
    const column = event.target.closest(".axis")?.dataset.column;
    const axis = column && dse.parallel.axes.find((one) => one.column === column);
    if (!axis) return;
    const share = dse.parallel.frame.share(...place(event));
    const end = event.target.dataset.handle?.slice(column.length + 1);
    const [low, high] = dse.rangeShares(axis);
    dse.held = { axis, fixed: end === "low" ? high : end === "high" ? low : share, start: event, moved: false };
    box.setPointerCapture(event.pointerId);
    if (!end) event.preventDefault();
  });
  box.addEventListener("pointermove", (event) => {
    if (!dse.held) { if (dse.parallel) dse.hoverLine(...place(event)); return; }
    const { axis, fixed, start } = dse.held;
    dse.held.moved ||= Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > 3;
    if (dse.held.moved) dse.setShares(axis, fixed, dse.parallel.frame.share(...place(event)));
  });
  box.addEventListener("pointerup", (event) => {
    if (dse.held && !dse.held.moved && !dse.held.start.target.dataset.handle) dse.change({ ranges: dse.withRange(dse.held.axis.column, null, null) });
    else if (!dse.held) { const found = dse.nearestLine(...place(event)); if (found !== null) dse.select(dse.parallel.rows[found].candidate); }
    dse.held = null;
  });
  box.addEventListener("pointercancel", () => { dse.held = null; });
  box.addEventListener("pointerleave", () => { if (dse.parallel) dse.hoverLine(-99, -99); });
  new ResizeObserver(() => { if (!dse.printing && dse.parallel?.frame.width !== box.clientWidth) dse.drawParallel(); }).observe(box);
};
