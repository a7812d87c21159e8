"use strict";

/* The page works on what lies in it: #film has the numbers of all shots, #data-N what is shown of one shot alone. */
const byId = (id) => document.getElementById(id);
const film = JSON.parse(byId("film").textContent);
const list = byId("shots");
const cards = new Map([...list.children].map((item) => [Number(item.dataset.shot), item]));
const shots = film.shots;
const dialog = byId("shot");
let visible = shots;
let current = null;

const dataOf = (shot) => JSON.parse(byId(`data-${shot.shot}`).textContent);
const picture = (base64) => `data:image/jpeg;base64,${base64}`;
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};

/* ---- pictures come when their card comes near ---- */
const loader = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    loader.unobserve(target);
    const data = dataOf(shots[Number(target.dataset.shot)]);
    const source = data.after || data.before;
    if (source) target.querySelector("img").src = picture(source);
  }
}, { rootMargin: "700px 0px" });
for (const item of cards.values()) loader.observe(item);

/* ---- order, filter, search ---- */
const ORDERS = {
  need: (a, b) => b.need - a.need,
  film: () => 0,
  score: (a, b) => a.score - b.score,
  explained: (a, b) => a.explained - b.explained,
  flicker: (a, b) => (b.flicker ?? -1) - (a.flicker ?? -1),
  leak: (a, b) => (b.leak ?? -1) - (a.leak ?? -1),
  drift: (a, b) => Math.abs(b.drift ?? 0) - Math.abs(a.drift ?? 0),
  gray: (a, b) => (b.gray ?? -1) - (a.gray ?? -1),
  distance: (a, b) => (b.distance ?? -1) - (a.distance ?? -1),
  length: (a, b) => b.stop - b.start - (a.stop - a.start),
};

function seconds(text) {
  const parts = text.split(":").map(Number);
  return parts.some(Number.isNaN) ? null : parts.reduce((sum, part) => sum * 60 + part, 0);
}

function finds(shot, text) {
  if (!text) return true;
  if (/^#?\d+$/.test(text)) return shot.shot === Number(text.replace("#", ""));
  const frame = /^f(?:rame)?\s*(\d+)$/.exec(text);
  const within = (number) => number >= shot.start && number < shot.stop;
  if (frame) return within(Number(frame[1]));
  if (/^[\d:.]+$/.test(text) && seconds(text) !== null) return within(Math.floor(seconds(text) * film.rate + 1e-6));
  const names = [...shot.references, shot.runnerUp ?? -1].map((number) => film.references[number]?.name ?? "");
  return [...names, ...shot.reasons].some((name) => name.toLowerCase().includes(text));
}

function arrange() {
  const show = document.querySelector("input[name=show]:checked").value;
  const text = byId("find").value.trim().toLowerCase();
  const kept = shots.filter((shot) =>
    (show === "all" || (show === "flagged" ? shot.flagged : shot.level !== "fine")) && finds(shot, text));
  visible = kept.sort((a, b) => ORDERS[byId("order").value](a, b) || a.shot - b.shot);
  const wanted = new Set(visible);
  for (const shot of shots) cards.get(shot.shot).hidden = !wanted.has(shot);
  list.append(...visible.map((shot) => cards.get(shot.shot)));
  byId("count").textContent = visible.length === shots.length
    ? `${shots.length} ${shots.length === 1 ? "shot" : "shots"}` : `${visible.length} of ${shots.length} shots`;
  byId("nothing").hidden = visible.length > 0;
}
document.querySelectorAll("input[name=show]").forEach((input) => input.addEventListener("change", arrange));
byId("order").addEventListener("change", arrange);
byId("find").addEventListener("input", arrange);
byId("find").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && visible.length) open(visible[0]);
});
arrange(); // a page that is loaded again may come with another order chosen

/* ---- one shot ---- */
list.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (item) open(shots[Number(item.dataset.shot)]);
});

function open(shot) {
  current = shot;
  const data = dataOf(shot);
  byId("shot-title").textContent = `Shot ${shot.shot}`;
  byId("where").textContent = `${shot.time} · frames ${shot.start} to ${shot.stop - 1} (${shot.stop - shot.start})`;
  showPictures(shot, data);
  showNeed(shot);
  showReferences(shot);
  showMeasures(shot);
  showLines(data);
  byId("entry").textContent = data.entry;
  const place = visible.indexOf(shot);
  byId("previous").disabled = place <= 0;
  byId("next").disabled = place < 0 || place === visible.length - 1;
  if (!dialog.open) dialog.showModal();
  if (document.activeElement === document.body) byId("shot-title").focus(); // the button that had it may be disabled now
  dialog.scrollTop = 0;
  history.replaceState(null, "", `#shot-${shot.shot}`);
}

function showPictures(shot, data) {
  const before = byId("before"), after = byId("after");
  before.src = data.before ? picture(data.before) : "";
  before.alt = `Shot ${shot.shot} in black and white`;
  before.hidden = !data.before;
  byId("compare").style.setProperty("--ratio", data.ratio);
  if (data.after) after.src = picture(data.after); else after.removeAttribute("src");
  after.alt = data.after ? `Shot ${shot.shot} as coloured` : "";
  byId("compare").classList.toggle("single", !data.after);
  byId("tag-before").textContent = data.after ? "before" : "not coloured yet";
  byId("map-switch").hidden = !data.map;
  if (data.map) drawMap(data.map);
  showMap();
}

function drawMap({ width, height, explained }) {
  const canvas = byId("map");
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  const bytes = atob(explained);
  for (let place = 0; place < bytes.length; place++) {
    pixels.data.set([255, 0, 200, Math.round((255 - bytes.charCodeAt(place)) * 0.75)], 4 * place);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function showMap() {
  byId("map").hidden = byId("map-switch").hidden || !byId("show-map").checked;
}
byId("show-map").addEventListener("change", showMap);

function cut() {
  const share = byId("slider").value / 100;
  // the thumb's middle stays half a knob inside the picture, except at the ends, where one of the two is seen whole
  const place = share <= 0 ? "0%" : share >= 1 ? "100%" : `calc(var(--knob) / 2 + ${share} * (100% - var(--knob)))`;
  byId("compare").style.setProperty("--cut", place);
  byId("slider").setAttribute("aria-valuetext", `${byId("slider").value} % black and white`);
}
byId("slider").addEventListener("input", cut);
cut();

function showNeed(shot) {
  const need = byId("need");
  need.className = `need ${shot.level}`;
  need.replaceChildren(make("b", shot.need), ` of 100: ${film.levels[shot.level]}`);
  byId("reasons").replaceChildren(...shot.reasons.map((reason) => make("li", reason)));
}

function showReferences(shot) {
  const figures = shot.references.map((number, place) => referenceFigure(
    film.references[number], place === 0 && shot.score > 0 ? `followed, score ${shot.score.toFixed(2)}` : "followed"));
  if (shot.runnerUp !== null) {
    figures.push(referenceFigure(film.references[shot.runnerUp],
      `${shot.references.length ? "runner-up" : "nearest"}, score ${shot.runnerUpScore.toFixed(2)}`));
  }
  if (!shot.references.length) figures.unshift(make("p", shot.instead));
  byId("references").replaceChildren(...figures);
}

function referenceFigure(reference, role) {
  const figure = make("figure");
  if (reference.picture) {
    const image = make("img");
    image.src = picture(reference.picture);
    image.alt = `Reference ${reference.name}`;
    figure.append(image);
  }
  const caption = make("figcaption", reference.name);
  caption.append(make("small", role));
  figure.append(caption);
  return figure;
}

const percent = (value) => `${Math.round(100 * value)} %`;
const FORMATS = {
  percent,
  signed: (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(Math.round(100 * value))} %`,
  two: (value) => value.toFixed(2),
  one: (value) => value.toFixed(1),
  whole: (value) => String(value),
};

function showMeasures(shot) {
  byId("measures").replaceChildren(...film.measures.map(({ key, name, format, unit, worse }) => {
    const value = shot[key], median = film.medians[key];
    const row = make("tr");
    const head = make("th", name);
    head.scope = "row";
    if (unit) head.append(make("small", unit));
    const shown = value === null || value === undefined ? "–" : FORMATS[format](value);
    row.append(head, make("td", shown), make("td", median === null ? "–" : FORMATS[format](median)));
    if (value !== null && value !== undefined && worse !== null) {
      const grave = format === "signed" ? Math.abs(value) >= worse : worse < 0 ? value <= -worse : value >= worse;
      row.classList.toggle("worse", grave);
    }
    return row;
  }));
}

function showLines({ flicker, saturation }) {
  const figure = byId("lines");
  figure.hidden = !flicker || flicker.length < 2;
  if (figure.hidden) return;
  figure.querySelector("figcaption").textContent = "Along the shot, from its first frame to its last";
  figure.querySelector("div").replaceChildren(
    lineChart("Flicker", flicker, Math.max(3, ...flicker)), lineChart("Saturation", saturation, Math.max(20, ...saturation)));
}

function lineChart(name, values, most) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${name} along the shot: from ${values[0]} to ${values.at(-1)}, at most ${Math.max(...values)}`);
  const path = document.createElementNS(space, "path");
  const points = values.map((value, k) => `${(100 * k / (values.length - 1)).toFixed(1)} ${(96 - 90 * value / most).toFixed(1)}`);
  path.setAttribute("d", `M${points.join("L")}`);
  svg.append(path);
  const box = make("div");
  box.style.display = "block";
  box.append(svg, make("span", `${name}, at most ${Math.max(...values).toFixed(1)}`));
  return box;
}

function step(by) {
  const next = visible[visible.indexOf(current) + by];
  if (current && next) open(next);
}
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("keydown", (event) => {
  if (event.target.matches("input, pre") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
dialog.addEventListener("close", () => {
  history.replaceState(null, "", location.pathname + location.search);
  cards.get(current.shot).querySelector("button").focus();
});

byId("copy").addEventListener("click", async () => {
  const text = byId("entry").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(byId("entry"));
    document.execCommand("copy");
  }
  byId("copy").textContent = "Copied";
  setTimeout(() => { byId("copy").textContent = "Copy"; }, 1500);
});

/* ---- the plots: what lies under the pointer ---- */
const plots = byId("plots");
const tip = byId("tip");
const cursor = make("div", undefined, "cursor");
cursor.hidden = true;
plots.append(cursor);
plots.classList.add("live");

function shotAt(clientX) {
  const box = plots.querySelector("svg").getBoundingClientRect();
  const frame = (clientX - box.left) / box.width * film.frames;
  return frame < 0 || frame >= film.frames ? null : shots.find((shot) => frame < shot.stop);
}
plots.addEventListener("pointermove", (event) => {
  const shot = shotAt(event.clientX);
  tip.hidden = cursor.hidden = !shot;
  if (!shot) return;
  const box = plots.getBoundingClientRect(), x = event.clientX - box.left;
  tip.replaceChildren(make("b", `Shot ${shot.shot}`), ` · ${shot.time.split(" ")[0]}`, document.createElement("br"),
    shot.reasons.length ? shot.reasons.join(", ") : `need ${shot.need}`);
  cursor.style.left = `${x}px`;
  tip.style.left = x < box.width / 2 ? `${x + 12}px` : "auto";
  tip.style.right = x < box.width / 2 ? "auto" : `${box.width - x + 12}px`;
});
plots.addEventListener("pointerleave", () => { tip.hidden = cursor.hidden = true; });
plots.addEventListener("click", (event) => {
  const shot = shotAt(event.clientX);
  if (shot) open(shot);
});

const asked = /^#shot-(\d+)$/.exec(location.hash);
if (asked && shots[Number(asked[1])]) open(shots[Number(asked[1])]);
